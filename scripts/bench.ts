// Reeve beside its peers. Arguments name comparisons or groups of them: `npm run bench -- supervision edge/throughput`.
import { runComparisons } from '../bench/harness/run-comparisons.ts';
import { renderBench } from './render-bench.ts';
import { COMPARISONS } from '../bench/comparisons.ts';

const wanted = process.argv.slice(2);
const chosen = COMPARISONS.filter(
  ({ name }) => wanted.length === 0 || wanted.some((word) => name === word || name.startsWith(`${word}/`)),
);
if (chosen.length === 0) {
  console.error(`No comparison is called ${wanted.join(' or ')}. There are:`);
  for (const { name } of COMPARISONS) console.error(`  ${name}`);
  process.exit(2);
}
const exitCode = await runComparisons(chosen);
renderBench();
process.exit(exitCode);
