import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunFact, RunSpec } from '../ports/driver.ts';
import { createRotation } from './rotate-logs.ts';

const spec = { stack: 'shop', id: 'web-1-blue', stdoutPath: '/logs/out', stderrPath: '/logs/err' } as RunSpec;
const fact = (state: RunFact['state']): RunFact =>
  ({ ref: { stack: 'shop', id: 'web-1-blue' }, state }) as RunFact;

const rotated = async (facts: readonly RunFact[]): Promise<readonly string[]> => {
  const paths: string[] = [];
  const rotation = createRotation({
    driver: { observe: async () => facts },
    rotate: async ({ path }) => paths.push(path) > 0,
    retentionOf: () => ({ logBytes: 1, archiveBytes: 1 }),
  });
  await rotation(spec);
  return paths;
};

test('rotation begins new files when the run ended, and leaves those of a run that writes', async () => {
  assert.deepEqual(await rotated([]), ['/logs/out', '/logs/err']);
  assert.deepEqual(await rotated([fact('ended')]), ['/logs/out', '/logs/err']);
  assert.deepEqual(await rotated([fact('running')]), []);
});
