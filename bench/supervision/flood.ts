import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Comparison, Figures } from '../harness/comparison.ts';
import { costOf, peakMb } from '../harness/processes.ts';
import { type OpenSupervisor, withSupervisors } from '../peers/supervisors.ts';

const LINES = 1_000_000;
const LINE_BYTES = 100;
const ROUNDS = 3;
const QUIET_MS = 1000;
const LOOK_MS = 20;

export const flood: Comparison = {
  name: 'supervision/flood',
  title: 'A program that floods its output',
  how: `${LINES.toLocaleString('en')} lines of ${LINE_BYTES} bytes as fast as \`yes | head\` writes them: until the program is through, and, for the lines and what they cost, until no more of them reach the disk. supervisord rotates at 50 MB, as it does by default. Median of ${ROUNDS}.`,
  run: async (bench) => {
    const figures = new Figures();
    await withSupervisors(bench, async (supervisors) => {
      for (const supervisor of supervisors) {
        for (let round = 0; round < ROUNDS; round += 1) await measureOne(supervisor, figures);
        bench.say(`${supervisor.name} measured`);
      }
    });
    return figures.list();
  },
};

const measureOne = async (supervisor: OpenSupervisor, figures: Figures): Promise<void> => {
  const { name, stand, workshop } = supervisor;
  const go = `${workshop.folder}/go`;
  const done = `${workshop.folder}/done`;
  for (const file of [go, done, ...stand.outputFiles()]) rmSync(file, { force: true });
  await stand.up({ name: 'flood', argv: [writeProgram(supervisor, go, done)], copies: 1 });
  await sleep(QUIET_MS);
  const daemon = await stand.daemonPid();
  const before = costOf([daemon]).cpuMs;
  // Forgets the highest memory so far (proc(5)).
  writeFileSync(`/proc/${daemon}/clear_refs`, '5');
  writeFileSync(go, '');
  while (!existsSync(done)) await sleep(LOOK_MS);
  await untilQuiet(stand.outputFiles);
  const cpuMs = costOf([daemon]).cpuMs - before;
  const counted = await workshop.run(['sh', '-c', 'cat "$@" | wc -l', 'sh', ...stand.outputFiles()]);
  const add = (what: string, unit: 's' | 'MB' | 'count', value: number, target?: number): void =>
    figures.add({ what, unit, better: 'less', ...(target === undefined ? {} : { target }) }, name, value);
  add('the program is through', 's', Number(readFileSync(done, 'utf8')) / 1000);
  add('lines lost', 'count', LINES - Number(counted.text), 0);
  add('processor time of the daemon', 's', cpuMs / 1000, 0.1);
  add('highest memory of the daemon', 'MB', peakMb(daemon));
  await stand.down();
};

// It waits for a word, so that its start is not measured, and stays afterwards, so that its end is not.
const writeProgram = ({ workshop }: OpenSupervisor, go: string, done: string): string =>
  workshop.write(
    'flood.sh',
    `#!/bin/sh
while [ ! -e ${go} ]; do sleep 0.05; done
began=$(date +%s%N)
yes ${'x'.repeat(LINE_BYTES - 1)} | head -n ${LINES}
echo $((($(date +%s%N) - began) / 1000000)) >${done}.new && mv ${done}.new ${done}
exec sleep 100000
`,
    0o755,
  );

const untilQuiet = async (files: () => readonly string[]): Promise<void> => {
  const size = (): number => files().reduce((sum, file) => sum + statSync(file).size, 0);
  for (let last = -1; last !== size();) {
    last = size();
    await sleep(QUIET_MS);
  }
};
