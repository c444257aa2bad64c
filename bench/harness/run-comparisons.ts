import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Comparison, Outcome } from './comparison.ts';
import { loadNow, machineFacts } from './machine.ts';
import { renderText, tableOf } from './table.ts';

export const RESULTS = join(resolve(import.meta.dirname, '../..'), '.cache/bench/results');

/** One after the other, so that none measures another. The exit code: 1 where one could not be run to its end. */
export const runComparisons = async (comparisons: readonly Comparison[]): Promise<number> => {
  const machine = machineFacts();
  const began = performance.now();
  let failures = 0;
  for (const comparison of comparisons) {
    console.log(`\n${comparison.title} (${comparison.name})`);
    try {
      const outcome = await runOne(comparison, machine);
      save(outcome);
      console.log(renderText(tableOf(outcome)));
      for (const [subject, why] of Object.entries(outcome.skipped))
        console.log(`  ${subject} skipped: ${why}`);
    } catch (error) {
      failures += 1;
      console.error(`  could not be measured: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
  console.log(`\nMeasured in ${Math.round((performance.now() - began) / 1000)} s.`);
  return failures > 0 ? 1 : 0;
};

const runOne = async (comparison: Comparison, machine: Outcome['machine']): Promise<Outcome> => {
  const { name, title, how, sizes, run } = comparison;
  const skipped: Record<string, string> = {};
  const load = loadNow();
  const began = performance.now();
  const figures = await run({
    say: (words) => console.log(`  . ${words}`),
    skip: (subject, why) => {
      skipped[subject] = why;
    },
  });
  const tookMs = Math.round(performance.now() - began);
  return {
    name,
    title,
    how,
    ...(sizes ? { sizes } : {}),
    machine,
    load,
    cores: Number(machine.cores),
    tookMs,
    skipped,
    figures,
  };
};

const save = (outcome: Outcome): void => {
  const path = join(RESULTS, `${outcome.name.replace('/', '-')}.json`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(outcome, null, 1)}\n`);
};
