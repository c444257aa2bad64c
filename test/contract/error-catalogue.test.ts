import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { ERROR_CATALOGUE } from '../../src/model/error-catalogue.ts';

const root = resolve(import.meta.dirname, '../..');

const read = (folder: string, wanted: (name: string) => boolean): string =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && wanted(entry.name) && entry.name !== 'error-catalogue.ts')
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');

const source = read('src', (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
const tests =
  read('src', (name) => name.endsWith('.test.ts')) +
  read('test', (name) => name.endsWith('.ts') || name.endsWith('.expected.txt'));

const codes = Object.keys(ERROR_CATALOGUE);

test('every code that is raised is in the catalogue', () => {
  const raised = new Set(
    [
      ...source.matchAll(/new (?:Refusal|Failure)\(\s*'([a-z-]+\.[a-z-]+)'|\bcode: '([a-z-]+\.[a-z-]+)'/g),
    ].map((match) => match[1] ?? match[2]!),
  );
  assert.ok(raised.size > 20, 'the scan found the codes');
  assert.deepEqual([...raised].filter((code) => !codes.includes(code)).toSorted(), []);
});

test('every code of the catalogue is raised somewhere', () => {
  assert.deepEqual(
    codes.filter((code) => !source.includes(`'${code}'`)),
    [],
  );
});

test('every code of the catalogue is named by a test', () => {
  assert.deepEqual(
    codes.filter((code) => !tests.includes(code)),
    [],
  );
});
