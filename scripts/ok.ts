// What every commit has to pass, in under a minute: floors, types, lint, format, generated pages, unit and contract tests.
import { onNode, runSteps, tool } from './run-steps.ts';

runSteps([
  onNode('floors', 'scripts/check-floors.ts'),
  onNode('types', tool('tsc'), '-p', '.'),
  onNode('lint', tool('oxlint'), '--type-aware', '--deny-warnings'),
  onNode('format', tool('oxfmt'), '--check'),
  onNode('generated pages are fresh', 'scripts/generate.ts', '--check'),
  onNode(
    'unit and contract tests',
    '--test',
    '--test-reporter=dot',
    'src/**/*.test.ts',
    'test/{plans,contract}/**/*.test.ts',
  ),
]);
