import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { test } from 'node:test';
import type { Service, Stack } from '../model/stack.ts';
import { loadStack } from './load-stack.ts';
import { renderProblems } from './render-problems.ts';

const folder = resolve(import.meta.dirname, '../../test/stacks');
const files = (kind: string): readonly string[] =>
  readdirSync(join(folder, kind)).filter((name) => name.endsWith('.yaml'));
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const load = (text: string) => loadStack({ path: '/srv/shop/reeve.yaml', text }, { homeFolder: '/home/app' });

const valid = (text: string): Stack => {
  const { stack, problems } = load(text);
  assert.deepEqual(problems, []);
  assert.ok(stack);
  return stack;
};

const service = (lines: string): Service =>
  valid(`name: shop\nservices:\n  web:\n    run: node server.js\n${lines}`).services[0]!;

const codes = (text: string): readonly string[] => load(text).problems.map((problem) => problem.code);

for (const name of files('valid')) {
  test(`loadStack takes ${basename(name)} without a problem, and always the same way`, () => {
    assert.deepEqual(valid(read(`valid/${name}`)), valid(read(`valid/${name}`)));
  });
}

for (const name of files('broken')) {
  test(`loadStack says exactly what is wrong with ${basename(name)}`, () => {
    const text = read(`broken/${name}`);
    const { problems } = load(text);
    const rendered = renderProblems(problems, { text, name: 'reeve.yaml' });
    const expectedPath = join(folder, 'broken', name.replace(/\.yaml$/, '.expected.txt'));
    // For whoever changes a message: the diff of these files is what to review.
    if (process.env.UPDATE_EXPECTED) writeFileSync(expectedPath, rendered);
    assert.equal(rendered, readFileSync(expectedPath, 'utf8'));
    assert.notEqual(rendered, '');
  });
}

test('every expected text belongs to a broken file, and there are enough of them', () => {
  const orphans = readdirSync(join(folder, 'broken')).filter(
    (name) =>
      name.endsWith('.expected.txt') &&
      !existsSync(join(folder, 'broken', name.replace('.expected.txt', '.yaml'))),
  );
  assert.deepEqual(orphans, []);
  assert.ok(files('broken').length >= 45);
  assert.ok(files('valid').length >= 8);
});

test('loadStack fills in every default when a service says only how it runs', () => {
  assert.deepEqual(valid('name: tiny\nservices: { web: { run: ./server } }'), {
    name: 'tiny',
    source: { kind: 'folder', path: '/srv/shop', exclude: [] },
    services: [
      {
        name: 'web',
        kind: 'process',
        command: { argv: ['./server'], shell: false },
        env: {},
        envFiles: [],
        required: [],
        port: null,
        health: {
          probe: null,
          intervalMs: 2000,
          timeoutMs: 5000,
          passes: 2,
          failures: 3,
          settleMs: 1000,
          withinMs: 60_000,
          progressExtends: false,
        },
        routes: [],
        strategy: 'swap',
        replicas: 1,
        dependsOn: [],
        stop: { signal: 'SIGTERM', graceMs: 10_000 },
        limits: { memoryBytes: null, cpus: null, tasks: null },
        user: null,
        workingFolder: '',
        restart: 'always',
        drainMs: 30_000,
        holdMs: 30_000,
      },
    ],
    jobs: [],
    env: {},
    envFiles: [],
    required: [],
    shared: [],
    cache: [],
    retention: { releases: 5, logBytes: 64e6, archiveBytes: 256e6 },
    bake: { forMs: 10_000, maxErrorShare: 0.05, minRequests: 20 },
    warmMs: 600_000,
  });
});

test('loadStack gives a port where there is a route, or a probe that needs one', () => {
  for (const lines of [
    '    route: true\n',
    '    health: /up\n',
    '    health: { tcp: true }\n',
    '    port: auto\n',
  ])
    assert.equal(service(lines).port, 'auto', lines);
  assert.equal(service('    health: { log: ready }\n').port, null);
  assert.equal(service('    port: 3000\n').port, 3000);
});

test('loadStack probes the port where nothing else is said, and not at all with null', () => {
  assert.deepEqual(service('    route: true\n').health.probe, { kind: 'tcp' });
  assert.deepEqual(service('    port: 3000\n    health: { within: 5m }\n').health.probe, { kind: 'tcp' });
  assert.equal(service('    route: true\n    health: null\n').health.probe, null);
});

test('loadStack reads every short form of a route', () => {
  const routes = service(
    '    route: [true, /api/, Example.com, example.com/docs, { path: /x, strip_path: true }]\n',
  ).routes;
  assert.deepEqual(routes, [
    { host: 'shop.localhost', path: '/', stripPath: false },
    { host: 'shop.localhost', path: '/api', stripPath: false },
    { host: 'example.com', path: '/', stripPath: false },
    { host: 'example.com', path: '/docs', stripPath: false },
    { host: 'shop.localhost', path: '/x', stripPath: true },
  ]);
});

test('loadStack reads every form of a probe', () => {
  const probe = (written: string) => service(`    health: ${written}\n`).health.probe;
  assert.deepEqual(probe('/up'), { kind: 'http', path: '/up', expectStatus: null, host: null });
  assert.deepEqual(probe('{ http: /, status: 204, host: x.y }'), {
    kind: 'http',
    path: '/',
    expectStatus: 204,
    host: 'x.y',
  });
  assert.deepEqual(probe('{ exec: "check | grep ok", shell: true }'), {
    kind: 'exec',
    command: { argv: ['check | grep ok'], shell: true },
  });
  assert.deepEqual(probe('{ log: "^ready" }'), { kind: 'log', pattern: '^ready' });
});

test('loadStack keeps env values as they are written, and services in the order of the file', () => {
  const stack = valid(read('valid/environments.yaml'));
  assert.deepEqual(stack.env, { VERSION: '1.10', ZIP: '00420', FLAG: 'yes', PRICE: '$5' });
  assert.deepEqual(
    stack.services.map(({ name }) => name),
    ['1', 'b', 'a'],
  );
  assert.deepEqual(
    stack.required.map(({ when, line, column }) => ({ when, line, column })),
    [
      { when: { variable: 'LOGIN', equals: 'true' }, line: 6, column: 5 },
      { when: { variable: 'SMTP', equals: null }, line: 7, column: 5 },
    ],
  );
});

test('loadStack resolves paths against the folder of the file and the home folder', () => {
  const stack = valid(
    'name: shop\nsource: ../dist/\nenv_files: [.env, ~/x.env, /etc/y.env, { file: a/../b.env, optional: true, public: A }]\nservices: { web: { run: a, folder: ./apps/web/ } }',
  );
  assert.deepEqual(stack.source, { kind: 'folder', path: '/srv/dist', exclude: [] });
  assert.deepEqual(
    stack.envFiles.map(({ path }) => path),
    ['/srv/shop/.env', '/home/app/x.env', '/etc/y.env', '/srv/shop/b.env'],
  );
  assert.deepEqual(stack.envFiles[3], { path: '/srv/shop/b.env', optional: true, public: ['A'] });
  assert.equal(stack.services[0]!.workingFolder, 'apps/web');
});

test('loadStack refuses a home folder where none is known', () => {
  const { problems } = loadStack({
    path: '/srv/reeve.yaml',
    text: 'name: a\nenv_files: ~/x\nservices: { web: { run: a } }',
  });
  assert.deepEqual(
    problems.map(({ code }) => code),
    ['path.wrong'],
  );
});

test('loadStack resolves a git source, and a relative repository against the file', () => {
  assert.deepEqual(valid(read('valid/git-source.yaml')).source, {
    kind: 'git',
    url: 'git@example.com:docs/wiki.git',
    ref: 'release/2.x',
    subfolder: 'site',
  });
  assert.deepEqual(valid('name: a\nsource: { git: ../repo.git }\nservices: { web: { run: a } }').source, {
    kind: 'git',
    url: '/srv/repo.git',
    ref: 'HEAD',
    subfolder: '',
  });
});

test('loadStack judges the rest of a file when a part of it has a wrong shape', () => {
  const text =
    'name: 5\nservices:\n  web: { run: a | b, port: x, depends_on: [api] }\n  api: { run: 7, port: 3000 }\n  db: { run: db, port: 3001 }\nbake: 5\n';
  assert.deepEqual(codes(text), [
    'value.wrong',
    'command.shell-syntax',
    'value.wrong',
    'value.wrong',
    'port.conflict',
    'value.wrong',
  ]);
});

test('loadStack does not complain about what only follows from another problem', () => {
  assert.deepEqual(
    codes(
      'name: shop\nservices:\n  web: { run: a, depends_on: [{ service: api, condition: healthy }, db] }\n  api: { run: a, health: 5 }\n  db: 5\n',
    ),
    ['value.wrong', 'value.wrong'],
  );
  assert.deepEqual(codes('name: shop\njobs: 5\n'), ['value.wrong']);
  assert.deepEqual(codes('name: [x]\nservices: { web: { run: a, route: true } }\n'), ['value.wrong']);
});

test('loadStack stops counting at a hundred problems, and says how many there are', () => {
  const text = `name: shop\nservices:\n${Array.from({ length: 150 }, (_, index) => `  s${index}: { run: a | b }\n`).join('')}`;
  const { problems } = load(text);
  assert.equal(problems.length, 101);
  assert.equal(problems.at(-1)!.code, 'stack.more-problems');
  assert.match(problems.at(-1)!.message, /50 more/);
});

test('loadStack refuses a file that is too large, whatever is in it', () => {
  assert.deepEqual(codes(`name: shop\n# ${'x'.repeat(1_000_000)}`), ['yaml.too-large']);
  assert.deepEqual(
    codes(`name: shop\nenv: {${Array.from({ length: 10_001 }, (_, index) => `A${index}: 1`).join(', ')}}`),
    ['yaml.too-large'],
  );
});

test('loadStack never shows a secret of the file', () => {
  const text =
    'name: shop\nenv: { DB: "postgres://me:hunter2@db/x", API_KEY: hunter2 }\nservices: { web: { run: "a postgres://me:hunter2@db | b", route: "https://me:hunter2@x" } }\n';
  const { problems } = load(text);
  assert.ok(problems.length >= 4);
  assert.doesNotMatch(JSON.stringify(problems) + renderProblems(problems, { text }), /hunter2/);
});
