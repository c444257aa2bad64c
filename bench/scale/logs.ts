import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { observeLive } from '../../src/logs/live-file.ts';
import { instanceLogPath } from '../../src/model/layout.ts';
import { type Comparison, Figures } from '../harness/comparison.ts';
import { openWorkshop, type Workshop } from '../harness/workshop.ts';
import { fillLog, FREQUENT, MEGABYTE, RARE } from './fill-log.ts';
import { addAgentSize, type ScaleStage, STACK, withScaleStage } from './scale-stage.ts';

const SIZES = { '10 MB': 10, '100 MB': 100, '1 GB': 1024 };
const ROUNDS = 3;
/** What is kept of a log uncompressed, where it is rotated at all. */
const LIVE_MB = 8;
const ROTATED_WITHIN_MS = 120_000;

export const logs: Comparison = {
  name: 'scale/logs',
  title: 'Scale: logs',
  how: `The output of one instance, so much of it, written at a megabyte a minute and noted by the log book as it grew; once as one file, and once after the agent has compressed all but the last ${LIVE_MB} MB of it (\`retention: logs: ${LIVE_MB}MB\`). The rare text is in three lines, the frequent one in every fiftieth, and of what matches the last 100 lines are shown. grep(1) and zcat(1) read the same files from the same page cache; they do not mask secrets, tell times, or put lines of several files in order. In brackets: how much a figure grew, for how much more.`,
  sizes: SIZES,
  run: async (bench) => {
    const figures = new Figures();
    for (const [size, megabytes] of Object.entries(SIZES)) {
      const workshop = openWorkshop();
      try {
        await withScaleStage(figures, size, (scale) => measure(scale, workshop, megabytes));
      } finally {
        await workshop.close();
      }
      bench.say(`${size} measured`);
    }
    return figures.list();
  },
};

const measure = async (scale: ScaleStage, workshop: Workshop, megabytes: number): Promise<void> => {
  const { stage, must } = scale;
  const layout = { home: stage.env.REEVE_HOME!, socket: '' };
  const path = instanceLogPath(layout, STACK, 'web-1-blue', 'out');
  // Beside the stack file, so that a change of that one leaves the instance, and its output, where it is.
  stage.write('app/version', '1');
  stage.write('reeve.yaml', stackOf('4GB'));
  await must('up', '--quiet');
  await must('agent', 'stop');
  await fillLog(path, megabytes * MEGABYTE);
  await must('agent', 'start');
  await measureReads(scale, 'one file');
  await measurePeers(scale, workshop, 'one file', { live: path, archives: [] });
  stage.write('reeve.yaml', stackOf(`${LIVE_MB}MB`));
  await must('deploy', '--quiet');
  const archives = await untilRotated(path);
  await measureReads(scale, 'rotated');
  await measurePeers(scale, workshop, 'rotated', { live: path, archives });
  await addAgentSize(scale);
};

const stackOf = (logBytes: string): string =>
  `name: ${STACK}
source: app
bake: 0s
retention: { logs: ${logBytes}, log_archives: 4GB }
services:
  web: { run: [sleep, "100000"] }
`;

const measureReads = async ({ stage, time, add }: ScaleStage, form: string): Promise<void> => {
  await time(`${form}: logs --tail 100`, 5, 'logs', 'web', '--tail', '100');
  await time(`${form}: logs --since 1m`, 5, 'logs', 'web', '--since', '1m');
  await time(`${form}: logs --grep, a rare text`, ROUNDS, 'logs', 'web', '--grep', RARE);
  await time(`${form}: logs --grep, a frequent text`, ROUNDS, 'logs', 'web', '--grep', FREQUENT);
  await time(`${form}: logs --grep, a pattern`, ROUNDS, 'logs', 'web', '--grep', 'needle-\\d+|panic:');
  const search = stage.reeve('logs', 'web', '--grep', 'panic: .*');
  const began = performance.now();
  await stage.reeve('status');
  add(`${form}: status while a search runs`, 'ms', performance.now() - began);
  await search;
};

type LogFiles = { readonly live: string; readonly archives: readonly string[] };

const measurePeers = async (
  { add }: ScaleStage,
  { run }: Workshop,
  form: string,
  { live, archives }: LogFiles,
): Promise<void> => {
  const searches =
    archives.length === 0
      ? { 'grep(1), the rare text': 'grep -aF "$1" "$2"', 'tail(1), 100 lines': 'tail -n 100 "$2"' }
      : {
          'zcat(1) and grep(1), the rare text':
            'text=$1 live=$2; shift 2; zcat "$@" | grep -aF "$text"; grep -aF "$text" "$live"; true',
        };
  for (const [what, script] of Object.entries(searches)) {
    for (let round = 0; round < ROUNDS; round += 1) {
      const ran = await run(['sh', '-c', script, 'sh', RARE, live, ...archives]);
      if (ran.exit !== 0) throw new Error(`${what}: ${ran.text}`);
      add(`${form}: ${what}`, 'ms', ran.tookMs);
    }
  }
};

// Until the agent, which looks every few seconds, has nothing left to do.
const untilRotated = async (path: string): Promise<readonly string[]> => {
  const endsAt = performance.now() + ROTATED_WITHIN_MS;
  for (;;) {
    const live = observeLive(path);
    if (live && live.freed > 0 && live.size - live.freed <= LIVE_MB * MEGABYTE) break;
    if (performance.now() > endsAt) throw new Error(`${path} was not rotated in time`);
    await sleep(500);
  }
  const folder = dirname(path);
  return readdirSync(folder)
    .filter((name) => name.startsWith(`${basename(path)}.`) && name.endsWith('.gz'))
    .map((name) => join(folder, name))
    .toSorted((a, b) => firstByte(a) - firstByte(b));
};

const firstByte = (archive: string): number => Number(/\.(\d+)-\d+\.gz$/.exec(archive)?.[1]);
