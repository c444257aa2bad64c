import { renderMarkdown, tableOf } from '../../bench/harness/table.ts';
import { type Figure, median, type Outcome } from '../../bench/harness/comparison.ts';
import { type Claim, CLAIMS } from './claims.ts';
import { FIGURE_TABLES } from './figure-tables.ts';
import { OBSTACLES } from './obstacles.ts';
import type { TestResult, TestResults } from './results-reporter.ts';

/** What one run left. */
export type Proof = {
  readonly at: string;
  readonly machine: Readonly<Record<string, string>>;
  readonly tests: TestResults;
  /** By name, without the machine. */
  readonly figures: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly outcomes: readonly Outcome[];
};

/** docs/proof.md. */
export const renderPage = (proof: Proof): string =>
  [
    '# Proof',
    '',
    'Written by `npm run proof`; do not edit. Every sentence here is what a test did in that run, on real processes unless it says',
    '"simulated"; the test is named so that you can read it and run it yourself. What did not pass is not claimed.',
    '',
    summaryOf(proof),
    '',
    ...CLAIMS.flatMap((claim) => renderClaim(claim, proof)),
    ...renderTargets(proof.outcomes),
  ].join('\n');

const summaryOf = ({ at, machine, tests }: Proof): string => {
  const all = Object.values(tests).flat();
  const { cores, processor, memory, kernel, node } = machine;
  return `On ${at.slice(0, 10)}, ${countOf(all, 'passed')} tests passed, ${countOf(all, 'failed')} failed and ${countOf(all, 'skipped')} were skipped, on ${cores} cores (${processor}), ${memory} of memory, Linux ${kernel}, Node ${node}.`;
};

const countOf = (results: readonly TestResult[], result: TestResult['result']): number =>
  results.filter((one) => one.result === result).length;

const renderClaim = (claim: Claim, { tests, figures }: Proof): readonly string[] => {
  const files = Object.keys(tests).filter((file) => claim.files.some((path) => isWithin(file, path)));
  const results = files.flatMap((file) => tests[file]!);
  const isShown = results.length > 0 && countOf(results, 'failed') === 0;
  const tables = (claim.figures ?? []).flatMap((name) => {
    const measured = figures[name];
    return measured ? FIGURE_TABLES[name]!(measured as never) : [];
  });
  return [
    `## ${claim.title}`,
    '',
    isShown ? claim.words : '**Not shown in this run**: its tests did not all pass, or did not run.',
    '',
    ...(isShown ? tables.flatMap((rows) => [renderMarkdown(rows), '']) : []),
    ...(claim.isListed ? results.map(lineOf) : []),
    ...(claim.isListed ? [''] : []),
    ...skippedOf(claim, results),
    `${countOf(results, 'passed')} tests: ${files.map((file) => `\`${file}\``).join(', ')}.`,
    '',
  ];
};

const isWithin = (file: string, path: string): boolean => file === path || file.startsWith(`${path}/`);

const lineOf = ({ title, result, reason }: TestResult): string =>
  `- ${result === 'passed' ? '' : `**${result}**${reason ? ` (${reason})` : ''}: `}${title}`;

const skippedOf = (claim: Claim, results: readonly TestResult[]): readonly string[] => {
  const skipped = results.filter(({ result }) => result === 'skipped');
  return claim.isListed || skipped.length === 0 ? [] : [...skipped.map(lineOf), ''];
};

const renderTargets = (outcomes: readonly Outcome[]): readonly string[] => {
  const measured = outcomes.flatMap((outcome) =>
    outcome.figures.filter(({ target }) => target !== undefined).map((figure) => ({ outcome, figure })),
  );
  if (measured.length === 0) return ['## Speed', '', 'Not measured here: `npm run bench`.', ''];
  const rows = measured.map(({ outcome, figure }) => {
    const { figures: _all, ...rest } = outcome;
    const cells = tableOf({ ...rest, figures: [figure], skipped: {} });
    const peers = cells[0]!.slice(2, -1).map((peer, at) => `${peer} ${cells[1]![at + 2]}`);
    return [outcome.title, figure.what, cells[1]![1]!, cells[1]!.at(-1)!, peers.join('; ')];
  });
  const missed = measured.filter(({ figure }) => isMissed(figure)).map(({ figure }) => figure.what);
  const obstacles = Map.groupBy(missed, (what) => OBSTACLES[what] ?? 'not yet known.');
  return [
    '## Speed',
    '',
    'What Reeve promises itself, as `npm run bench` measured it beside its peers in one run; all of its tables are in [bench.md](bench.md).',
    '',
    renderMarkdown([['', '', 'Reeve', 'target', 'beside it'], ...rows]),
    '',
    ...(missed.length > 0 ? ['What stands in the way of those that are missed:', ''] : []),
    ...[...obstacles].map(([words, figures]) => `- ${figures.join('; ')}: ${words}`),
    ...(missed.length > 0 ? [''] : []),
  ];
};

const isMissed = ({ values, target, better }: Figure): boolean => {
  const ours = values.reeve;
  if (!ours || ours.length === 0 || target === undefined) return false;
  return better === 'less' ? median(ours) > target : median(ours) < target;
};
