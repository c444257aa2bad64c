import { type Comparison, Figures } from '../harness/comparison.ts';
import { withSupervisors } from '../peers/supervisors.ts';

const COPIES = 20;
const ROUNDS = 20;

export const status: Comparison = {
  name: 'cli/status',
  title: 'Asking how things are',
  how: `\`reeve status\`, \`pm2 ls\` and \`supervisorctl status\` with ${COPIES} instances, each a new process; ${ROUNDS} times in turns. "of nothing" is \`node --eval ''\`, the floor under the first two.`,
  run: async (bench) => {
    const figures = new Figures();
    await withSupervisors(bench, async (supervisors) => {
      for (const { stand } of supervisors) {
        await stand.up({ name: 'sleeper', argv: ['/bin/sleep', '100000'], copies: COPIES });
      }
      const [{ workshop } = { workshop: null }] = supervisors;
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const { name, stand, workshop: own } of supervisors) {
          const { tookMs } = await own.run(stand.status, stand.env);
          add(figures, 'status', tookMs, name, 120);
        }
        const nothing = await workshop!.run([process.execPath, '--eval', '']);
        add(figures, 'status', nothing.tookMs, 'of nothing');
      }
    });
    return figures.list();
  },
};

const add = (figures: Figures, what: string, ms: number, name: string, target?: number): void =>
  figures.add({ what, unit: 'ms', better: 'less', ...(target === undefined ? {} : { target }) }, name, ms);
