// A stage on which one thing is made larger and larger: the real CLI and agent, and what they cost.
import { readdirSync } from 'node:fs';
import { openStage, type Ran, type Stage } from '../../test/worlds/stage.ts';
import type { Figure, Figures } from '../harness/comparison.ts';
import { costOf, peakMb } from '../harness/processes.ts';

export const STACK = 'bench';

export type ScaleStage = {
  readonly stage: Stage;
  /** Runs the CLI; throws where it does not succeed. */
  readonly must: (...args: readonly string[]) => Promise<Ran>;
  /** How long the CLI takes, each time a process of its own; `sample` belongs to the size that is measured now. */
  readonly time: (what: string, rounds: number, ...args: readonly string[]) => Promise<void>;
  readonly add: (what: string, unit: Figure['unit'], value: number) => void;
};

/** A stage for one size, until `work` is through. Its agent runs. */
export const withScaleStage = async (
  figures: Figures,
  size: string,
  work: (scale: ScaleStage) => Promise<void>,
): Promise<void> => {
  const stage = await openStage({ stack: STACK });
  const must = async (...args: readonly string[]): Promise<Ran> => {
    const ran = await stage.reeve(...args);
    if (ran.exit !== 0) throw new Error(`reeve ${args.join(' ')}: ${ran.stderr}`);
    return ran;
  };
  const add = (what: string, unit: Figure['unit'], value: number): void =>
    figures.add({ what, unit, better: 'less' }, size, value);
  const time = async (what: string, rounds: number, ...args: readonly string[]): Promise<void> => {
    for (let round = 0; round < rounds; round += 1) add(what, 'ms', (await must(...args)).tookMs);
  };
  try {
    // The first agent of an installation compiles its sources.
    await must('agent', 'start');
    await must('agent', 'stop');
    await must('agent', 'start');
    await work({ stage, must, time, add });
  } finally {
    await stage.close();
  }
};

/** Resident memory of the agent, now and at its highest, and its open files. */
export const addAgentSize = async ({ stage, add }: ScaleStage): Promise<void> => {
  const pid = await stage.agentPid();
  add('agent: resident memory', 'MB', costOf([pid]).rssMb);
  add('agent: highest resident memory', 'MB', peakMb(pid));
  add('agent: open files', 'count', readdirSync(`/proc/${pid}/fd`).length);
};
