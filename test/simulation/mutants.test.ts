// The simulation is only worth what it catches: engines that are broken on purpose must fail it, and soon.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { BROKEN_ENGINES } from '../worlds/broken-engines.ts';
import { writeProof } from '../worlds/proof-report.ts';
import { liveThrough } from '../worlds/random-life.ts';

const WITHIN_SEEDS = 200;

/** The first seed that fails, and how; null where all of them hold. */
const firstFailure = async (
  options: Parameters<typeof liveThrough>[1],
): Promise<{ readonly seed: number; readonly words: string } | null> => {
  for (let seed = 1; seed <= WITHIN_SEEDS; seed += 1) {
    try {
      await liveThrough(seed, options);
    } catch (error) {
      return { seed, words: (error as Error).message };
    }
  }
  return null;
};

const caught: Record<string, number> = {};

after(() => writeProof('mutants', { withinSeeds: WITHIN_SEEDS, caught }));

describe('the simulation catches an engine that', () => {
  for (const [what, options] of Object.entries(BROKEN_ENGINES)) {
    test(what, async (t) => {
      const failure = await firstFailure(options);
      assert.ok(failure, `nobody noticed in ${WITHIN_SEEDS} random lives`);
      caught[what] = failure.seed;
      t.diagnostic(`seed ${failure.seed}: ${failure.words.replaceAll(/\s+/g, ' ').slice(0, 240)}`);
    });
  }
});

test('an engine that is not broken is not accused within the same seeds', async () => {
  assert.equal(await firstFailure({}), null);
});
