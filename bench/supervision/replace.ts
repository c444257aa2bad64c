import { createReadStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Comparison, Figures } from '../harness/comparison.ts';
import { pidsOf, untilRunning } from '../harness/processes.ts';
import { type OpenSupervisor, withSupervisors } from '../peers/supervisors.ts';

const COPIES = 20;
// Reeve starts at once only what was well for so long; see src/supervise/backoff.ts. PM2 and supervisord do not ask.
const STEADY_MS = 31_000;
const PAUSE_MS = 100;

export const replace: Comparison = {
  name: 'supervision/replace',
  title: 'Replacement after kill -9',
  how: `${COPIES} copies that had run for half a minute, each killed once, one after the other. From the signal until the first line of the replacement, which is a shell that writes its pid into a FIFO. supervisord waits a second by design.`,
  run: async (bench) => {
    const figures = new Figures();
    await withSupervisors(bench, async (supervisors) => {
      const stands: (() => Promise<readonly number[]>)[] = [];
      for (const supervisor of supervisors) stands.push(await openStand(supervisor));
      bench.say(`all run; waiting ${STEADY_MS / 1000} s`);
      await sleep(STEADY_MS);
      for (const [at, { name }] of supervisors.entries()) {
        const tookMs = await stands[at]!();
        figures.add(
          { what: `replaced after kill -9 (${COPIES})`, unit: 'ms', better: 'less', target: 7 },
          name,
          ...tookMs,
        );
      }
    });
    return figures.list();
  },
};

// Copies that say who they are when they begin. The answer kills each once and tells how long its replacement took.
const openStand = async ({ stand, workshop }: OpenSupervisor): Promise<() => Promise<readonly number[]>> => {
  const sleeper = workshop.copyProgram('/bin/sleep', 'sleeper');
  const fifo = `${workshop.folder}/beacon`;
  const made = await workshop.run(['mkfifo', fifo]);
  if (made.exit !== 0) throw new Error(made.text);
  const script = workshop.write('beacon.sh', `#!/bin/sh\necho $$ >${fifo}\nexec ${sleeper} 100000\n`, 0o755);
  // Read and write, so that it has no end while nobody writes.
  const beacon = createReadStream(fifo, { flags: 'r+' });
  let heard: (pid: number) => void = () => {};
  beacon.on('data', (chunk) => heard(Number(String(chunk).trim().split('\n').at(-1))));
  // Looked at first: whoever is still the shell by then would be taken for a stranger.
  const running = untilRunning(sleeper, COPIES);
  await stand.up({ name: 'beacon', argv: [script], copies: COPIES });
  await running;
  return async () => {
    const tookMs: number[] = [];
    for (const pid of pidsOf(sleeper)) {
      const next = new Promise<void>((resolve) => {
        heard = () => resolve();
      });
      const began = performance.now();
      process.kill(pid, 'SIGKILL');
      await next;
      tookMs.push(performance.now() - began);
      await sleep(PAUSE_MS);
    }
    beacon.destroy();
    // A stream of a FIFO that was opened for reading and writing closes only once something came.
    await workshop.run(['sh', '-c', `echo 0 >${fifo}`]);
    return tookMs;
  };
};
