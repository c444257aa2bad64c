// Every test; the longest ones in a short form (npm run proof has them whole). Arguments are passed on to Node's test runner, for example `-- --test-name-pattern=P8`.
import { onNode, runSteps, tool } from './run-steps.ts';

const passedOn = process.argv.slice(2);
const tests = onNode(
  'tests',
  '--test',
  '--test-reporter=spec',
  '--test-timeout=300000',
  ...passedOn,
  'src/**/*.test.ts',
  'test/{plans,contract,integration,simulation,e2e,crash,proof}/**/*.test.ts',
);

runSteps(
  passedOn.length > 0
    ? [tests]
    : [
        onNode('floors', 'scripts/check-floors.ts'),
        onNode('types', tool('tsc'), '-p', '.'),
        onNode('lint', tool('oxlint'), '--type-aware', '--deny-warnings'),
        onNode('format', tool('oxfmt'), '--check'),
        onNode('generated pages are fresh', 'scripts/generate.ts', '--check'),
        tests,
      ],
);
