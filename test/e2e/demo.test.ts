import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot, runProgram } from '../worlds/stage.ts';

test('the demo holds in every act', { timeout: 180_000 }, async (t) => {
  const ran = await runProgram(join(projectRoot, 'bin/node'), ['scripts/demo.ts'], projectRoot, process.env);
  t.diagnostic(ran.stdout);
  assert.equal(ran.exit, 0, ran.stdout + ran.stderr);
});
