import { setTimeout as sleep } from 'node:timers/promises';
import { type Comparison, Figures } from '../harness/comparison.ts';
import { type Cost, costOf, untilRunning } from '../harness/processes.ts';
import { type OpenSupervisor, withSupervisors } from '../peers/supervisors.ts';

const SIZES = [1, 50, 300];
const SETTLE_MS = 20_000;
const WINDOW_MS = 12_000;
/** Resident memory that Reeve allows its agent. */
const TARGET_MB: Readonly<Record<number, number>> = { 50: 70, 300: 80 };

export const idle: Comparison = {
  name: 'supervision/idle',
  title: 'Idle cost',
  how: `Copies of sleep(1), ${WINDOW_MS / 1000} s of doing nothing, all supervisors side by side. "daemon" is the resident memory of the supervising process, "its own data" what of it is no page of a program file, which other processes of the same Node share. "all of it" adds what it needs beside the programs (Reeve: a shim for each instance and the edge's process) as proportional set size, which is what the machine pays: a page that several processes share is divided among them. PM2 and Reeve run on the same Node. Reeve's agent has just deployed; "restarted" is an agent that adopted what runs.`,
  run: async (bench) => {
    const figures = new Figures();
    await withSupervisors(bench, async (supervisors) => {
      const sleepers = supervisors.map(({ workshop }) => workshop.copyProgram('/bin/sleep', 'sleeper'));
      for (const copies of SIZES) {
        for (const [at, { stand }] of supervisors.entries()) {
          const argv = [sleepers[at]!, '100000'];
          await Promise.all([
            untilRunning(sleepers[at]!, copies),
            stand.up({ name: 'sleeper', argv, copies }),
          ]);
        }
        await measure(supervisors, copies, figures, '');
        const [ours] = supervisors;
        process.kill(await ours!.stand.daemonPid(), 'SIGKILL');
        await ours!.stand.revive();
        await measure([ours!], copies, figures, ', restarted');
        bench.say(`${copies} copies measured`);
        await Promise.all(supervisors.map(({ stand }) => stand.down()));
      }
    });
    return figures.list();
  },
};

const measure = async (
  supervisors: readonly OpenSupervisor[],
  copies: number,
  figures: Figures,
  when: string,
): Promise<void> => {
  await sleep(SETTLE_MS);
  const pids = await Promise.all(supervisors.map(({ stand }) => stand.ownPids()));
  const before = pids.map(costOf);
  await sleep(WINDOW_MS);
  for (const [at, { name, stand }] of supervisors.entries()) {
    const after = costOf(pids[at]!);
    const daemon = costOf([await stand.daemonPid()]);
    add(figures, `${copies}${when}`, name, { daemon, before: before[at]!, after }, TARGET_MB[copies]);
  }
};

const add = (
  figures: Figures,
  size: string,
  name: string,
  { daemon, before, after }: { readonly daemon: Cost; readonly before: Cost; readonly after: Cost },
  targetMb: number | undefined,
): void => {
  const target = (value: number | undefined) => (value === undefined ? {} : { target: value });
  const cpu = ((after.cpuMs - before.cpuMs) / WINDOW_MS) * 100;
  const less = { better: 'less' } as const;
  figures.add({ what: `${size}: daemon`, unit: 'MB', ...less, ...target(targetMb) }, name, daemon.rssMb);
  figures.add({ what: `${size}: daemon, its own data`, unit: 'MB', ...less }, name, daemon.ownMb);
  figures.add({ what: `${size}: all of it`, unit: 'MB', ...less }, name, after.pssMb);
  figures.add({ what: `${size}: processor`, unit: '% of a core', ...less, target: 0.5 }, name, cpu);
};
