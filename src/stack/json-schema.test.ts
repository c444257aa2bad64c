import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { makeJsonSchema } from './json-schema.ts';
import { loadStack } from './load-stack.ts';
import { renderReference } from './render-reference.ts';

const root = resolve(import.meta.dirname, '../..');
const schema = makeJsonSchema();

type Node = {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly [key: string]: unknown;
};

const properties = (node: unknown, path: string): readonly (readonly [string, Node])[] => {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) => {
    const here =
      key === 'properties'
        ? Object.entries(value as Record<string, Node>).map(
            ([name, one]) => [`${path}.${name}`, one] as const,
          )
        : [];
    return [...here, ...properties(value, key === 'properties' || key === 'anyOf' ? path : `${path}.${key}`)];
  });
};

test('the published schema is what the code says', () => {
  const published = readFileSync(join(root, 'schema/reeve.schema.json'), 'utf8');
  assert.equal(published, `${JSON.stringify(schema, null, 2)}\n`, 'run: npm run generate');
});

test('every key of the schema has a description', () => {
  const found = properties(schema, '');
  assert.ok(found.length > 60);
  assert.deepEqual(
    found.filter(([, node]) => !node.description).map(([path]) => path),
    [],
  );
});

test('the schema accepts every valid stack file and refuses unknown keys', () => {
  const check = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
  const read = (path: string): unknown => parse(readFileSync(join(root, 'test/stacks', path), 'utf8'));
  for (const file of readdirSync(join(root, 'test/stacks/valid'))) {
    assert.equal(check.safeParse(read(`valid/${file}`)).success, true, file);
  }
  assert.equal(check.safeParse(read('broken/key-unknown.yaml')).success, false);
});

test('the reference page has every key, and examples that load', () => {
  const page = renderReference();
  for (const [path] of properties(schema, ''))
    assert.ok(page.includes(`| \`${path.split('.').at(-1)}\` |`), path);
  const examples = [...page.matchAll(/```yaml\n(.*?)```/gs)].map((match) => match[1]!);
  assert.ok(examples.length > 10);
  const [whole] = examples;
  assert.deepEqual(loadStack({ path: '/srv/reeve.yaml', text: whole! }).problems, []);
  for (const example of examples) assert.doesNotThrow(() => parse(example) as unknown, example);
});

test('every example of the reference page loads where it belongs', () => {
  const page = renderReference();
  const service =
    'name: shop\nservices:\n  db: { run: db, port: 1025 }\n  api: { run: api, port: auto }\n  web:\n    run: web\n';
  const jobless = 'name: shop\nservices: { web: { run: web } }\n';
  for (const [, title, text] of page.matchAll(/## ([^\n]+)\n.*?```yaml\n(.*?)```/gs)) {
    const inService = ['Health', 'Route', 'Dependency', 'Stop', 'Limits'].includes(title!);
    const file =
      title === 'The stack'
        ? text!
        : inService
          ? service + text!.replaceAll(/^/gm, '    ')
          : title === 'Service'
            ? `name: shop\n${text}`
            : jobless + text!;
    const errors = loadStack({ path: '/srv/reeve.yaml', text: file }).problems.filter(
      (problem) => problem.severity === 'error',
    );
    assert.deepEqual(errors, [], title!);
  }
});
