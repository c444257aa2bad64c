// docs/bench.md from what the last runs of the benchmarks left in .cache/bench/results.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { COMPARISONS } from '../bench/comparisons.ts';
import type { Outcome } from '../bench/harness/comparison.ts';
import { RESULTS } from '../bench/harness/run-comparisons.ts';
import { renderMarkdown, tableOf } from '../bench/harness/table.ts';

const page = join(resolve(import.meta.dirname, '..'), 'docs/bench.md');

/** Of the last runs, in the order of the page. */
export const readOutcomes = (): readonly Outcome[] => {
  const files = existsSync(RESULTS) ? readdirSync(RESULTS).filter((file) => file.endsWith('.json')) : [];
  const outcomes = files.map((file) => JSON.parse(readFileSync(join(RESULTS, file), 'utf8')) as Outcome);
  const order = COMPARISONS.map(({ name }) => name);
  return outcomes
    .filter(({ name }) => order.includes(name))
    .toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
};

const renderPage = (outcomes: readonly Outcome[]): string =>
  [
    '# Benchmarks',
    '',
    'Written by `npm run bench` from its last results; do not edit. Medians of several runs, in one table for all that were',
    'measured in the same run. In brackets: how many times Reeve’s figure. `~`: noisy, half of the runs lie more than 30% of',
    'the median apart. `npm run bench -- supervision` runs one group, `-- supervision/idle` one table.',
    '',
    ...machineOf(outcomes),
    ...outcomes.flatMap(renderOutcome),
  ].join('\n');

const machineOf = ([first]: readonly Outcome[]): readonly string[] => {
  if (!first) return ['Nothing has been measured yet.', ''];
  const { machine } = first;
  const versions = Object.entries(machine).filter(
    ([key]) => !['cores', 'processor', 'memory', 'kernel'].includes(key),
  );
  return [
    `Measured on ${machine.cores} cores (${machine.processor}), ${machine.memory} of memory, Linux ${machine.kernel}, with`,
    `${versions.map(([name, version]) => `${name} ${version}`).join(', ')}.`,
    '',
  ];
};

const renderOutcome = (outcome: Outcome): readonly string[] => {
  const { title, name, how, skipped, load, cores } = outcome;
  const reasons = Object.entries(skipped).map(([subject, why]) => `${subject} was skipped: ${why}.`);
  const busy =
    load > cores
      ? [`Other work kept the machine busy: load ${load.toFixed(1)} on ${cores} cores before it began.`]
      : [];
  const notes = [...reasons, ...busy];
  return [
    `## ${title}`,
    '',
    `${how} (\`${name}\`)`,
    '',
    renderMarkdown(tableOf(outcome)),
    '',
    ...(notes.length > 0 ? [notes.join(' '), ''] : []),
  ];
};

/** Writes docs/bench.md. */
export const renderBench = (): void => {
  writeFileSync(page, renderPage(readOutcomes()));
  console.log(`wrote ${page}`);
};
