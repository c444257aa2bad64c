import { setTimeout as sleep } from 'node:timers/promises';
import { type Comparison, Figures } from '../harness/comparison.ts';
import { endOne } from '../harness/workshop.ts';
import { pidsOf, untilRunning } from '../harness/processes.ts';
import { withSupervisors } from '../peers/supervisors.ts';

const SETTLE_MS = 1000;

/** What a program does to get a process out of its supervisor's sight; `$0` is the process. */
const WAYS: Readonly<Record<string, string>> = {
  plain: '"$0" 100000 &',
  'session of its own': 'setsid "$0" 100000 &',
  'daemon (forked twice)': '(setsid "$0" 100000 >/dev/null 2>&1 </dev/null &)',
};

export const leftovers: Comparison = {
  name: 'supervision/leftovers',
  title: 'Grandchildren left after a stop',
  how: 'A program that starts another and waits, stopped by the supervisor’s own command; counted a second after the command is back. supervisord with stopasgroup and killasgroup, which is its best.',
  run: async (bench) => {
    const figures = new Figures();
    await withSupervisors(bench, async (supervisors) => {
      for (const { name, stand, workshop } of supervisors) {
        const stray = workshop.copyProgram('/bin/sleep', 'stray');
        for (const [way, words] of Object.entries(WAYS)) {
          const script = workshop.write('parent.sh', `set -- ; ${words}\nsleep 100000 & wait\n`);
          await Promise.all([
            untilRunning(stray, 1),
            stand.up({ name: 'parent', argv: ['/bin/sh', '-c', `. ${script}`, stray], copies: 1 }),
          ]);
          await sleep(SETTLE_MS);
          const began = performance.now();
          await stand.down();
          const tookMs = performance.now() - began;
          await sleep(SETTLE_MS);
          const left = pidsOf(stray);
          figures.add({ what: way, unit: 'count', better: 'less', target: 0 }, name, left.length);
          figures.add({ what: `${way}: stop`, unit: 'ms', better: 'less' }, name, tookMs);
          for (const pid of left) endOne(pid);
        }
        bench.say(`${name} measured`);
      }
    });
    return figures.list();
  },
};
