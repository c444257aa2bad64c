import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from './stage.ts';

/** Whether this is `npm run proof`: as much as there is, and not only a sample. */
export const isWholeProof = process.env.PROOF === 'whole';

/** Git-ignored. */
export const PROOF_FOLDER = join(projectRoot, '.cache/proof');

/** Writes what a proof measured to `.cache/proof/<name>.json`, with what it was measured on. */
export const writeProof = (name: string, measured: Readonly<Record<string, unknown>>): void => {
  mkdirSync(PROOF_FOLDER, { recursive: true });
  const machine = { cores: availableParallelism(), node: process.version };
  writeFileSync(join(PROOF_FOLDER, `${name}.json`), `${JSON.stringify({ machine, ...measured }, null, 2)}\n`);
};

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
