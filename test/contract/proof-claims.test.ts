import assert from 'node:assert/strict';
import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CLAIMS } from '../../scripts/proof/claims.ts';
import { FIGURE_TABLES } from '../../scripts/proof/figure-tables.ts';
import { projectRoot } from '../worlds/stage.ts';

const claimed = CLAIMS.flatMap(({ files }) => files);

test('every proof belongs to a claim of the page', () => {
  const proofs = globSync('test/{crash,proof}/*.test.ts', { cwd: projectRoot });
  assert.deepEqual(
    proofs.filter((file) => !claimed.includes(file)),
    [],
  );
});

test('what a claim names is there', () => {
  assert.deepEqual(
    claimed.filter((path) => !existsSync(join(projectRoot, path))),
    [],
  );
  const tables = CLAIMS.flatMap(({ figures = [] }) => figures);
  assert.deepEqual(
    tables.filter((name) => !(name in FIGURE_TABLES)),
    [],
  );
});
