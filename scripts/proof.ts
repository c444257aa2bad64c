// Every test in its long form: each point of the crash sweep, a hundred deploys of each kind, many seeds. Writes docs/proof.md
// from what they measured. With the names of test files it runs those again, and the page has them beside the last run of
// the others; `--render` only writes the page.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { machineFacts } from '../bench/harness/machine.ts';
import { PROOF_FOLDER } from '../test/worlds/proof-report.ts';
import { readOutcomes } from './render-bench.ts';
import { type Proof, renderPage } from './proof/render-page.ts';
import type { TestResults } from './proof/results-reporter.ts';
import { root } from './run-steps.ts';

const RUN = join(PROOF_FOLDER, 'run');
const resultsPath = join(RUN, 'tests.json');
const runPath = join(RUN, 'run.json');

const EVERYTHING = [
  'src/**/*.test.ts',
  'test/{plans,contract,integration,simulation,e2e,crash,proof}/**/*.test.ts',
];

/** The exit code of the tests. What is known of files that are not among them stays. */
const runTests = (files: readonly string[]): number => {
  const others = files.length > 0 && existsSync(resultsPath) ? readJson<TestResults>(resultsPath) : {};
  mkdirSync(RUN, { recursive: true });
  const run = { at: new Date().toISOString(), machine: machineFacts() };
  const reporter = (name: string, to: string): string[] => [
    `--test-reporter=${name}`,
    `--test-reporter-destination=${to}`,
  ];
  const { status } = spawnSync(
    join(root, 'bin/node'),
    [
      '--test',
      '--test-timeout=3600000',
      ...reporter('spec', 'stdout'),
      ...reporter('./scripts/proof/results-reporter.ts', resultsPath),
      ...(files.length > 0 ? files : EVERYTHING),
    ],
    { cwd: root, stdio: 'inherit', env: { ...process.env, PROOF: 'whole' } },
  );
  const results = { ...others, ...readJson<TestResults>(resultsPath) };
  writeFileSync(resultsPath, JSON.stringify(results, null, 1));
  writeFileSync(runPath, JSON.stringify(run));
  return status ?? 1;
};

const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;

const readFigures = (): Proof['figures'] => {
  const files = readdirSync(PROOF_FOLDER).filter((file) => file.endsWith('.json'));
  return Object.fromEntries(
    files.map((file) => {
      const { machine: _machine, ...figures } = readJson<Record<string, unknown>>(join(PROOF_FOLDER, file));
      return [basename(file, '.json'), figures];
    }),
  );
};

const render = (): void => {
  if (!existsSync(runPath)) throw new Error(`there is no run to write about in ${RUN}: npm run proof`);
  const run = readJson<Pick<Proof, 'at' | 'machine'>>(runPath);
  const tests = readJson<TestResults>(resultsPath);
  const page = join(root, 'docs/proof.md');
  writeFileSync(page, renderPage({ ...run, tests, figures: readFigures(), outcomes: readOutcomes() }));
  console.log(`wrote ${page}`);
};

const passedOn = process.argv.slice(2);
const exitCode = passedOn.includes('--render') ? 0 : runTests(passedOn);
render();
process.exit(exitCode);
