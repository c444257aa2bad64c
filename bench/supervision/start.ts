import { type Comparison, Figures } from '../harness/comparison.ts';
import { pidsOf, untilRunning } from '../harness/processes.ts';
import { withSupervisors } from '../peers/supervisors.ts';

const SIZES = [50, 300];
const ROUNDS = 3;

export const start: Comparison = {
  name: 'supervision/start',
  title: 'Instances started',
  how: `Copies of sleep(1). From the command until all of them run, and until the command is back; the daemon runs already. Median of ${ROUNDS}. For Reeve the command is \`reeve up\` of a new stack: it makes a release, journals every step and waits its second of good health; the others only start.`,
  run: async (bench) => {
    const figures = new Figures();
    await withSupervisors(bench, async (supervisors) => {
      for (const { name, stand, workshop } of supervisors) {
        const sleeper = workshop.copyProgram('/bin/sleep', 'sleeper');
        for (const copies of SIZES) {
          for (let round = 0; round < ROUNDS; round += 1) {
            const began = performance.now();
            const running = untilRunning(sleeper, copies);
            const isBack = stand
              .up({ name: 'sleeper', argv: [sleeper, '100000'], copies })
              .then(() => performance.now() - began);
            const [runningMs, backMs] = await Promise.all([running, isBack]);
            const target = copies === 300 ? { target: 1.94 / 3 } : {};
            figures.add(
              { what: `${copies} started: all run`, unit: 's', better: 'less', ...target },
              name,
              runningMs / 1000,
            );
            figures.add(
              { what: `${copies} started: command is back`, unit: 's', better: 'less' },
              name,
              backMs / 1000,
            );
            bench.say(`${name}: ${copies} run after ${Math.round(runningMs)} ms`);
            await stand.down();
            for (const pid of pidsOf(sleeper)) process.kill(pid, 'SIGKILL');
          }
        }
      }
    });
    return figures.list();
  },
};
