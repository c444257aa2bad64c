import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Stack } from '../model/stack.ts';
import { proposeStackFile } from './detect.ts';
import type { Answers, FolderFacts } from './detect/facts.ts';
import { loadStack } from './load-stack.ts';

const facts = (contents: Readonly<Record<string, string>>, ...others: readonly string[]): FolderFacts => ({
  folderName: 'My Shop',
  entries: [...Object.keys(contents), ...others],
  contents,
});

const propose = (given: FolderFacts, answers: Answers = {}) => {
  const proposal = proposeStackFile(given, answers);
  const { stack, problems } = loadStack({ path: '/srv/reeve.yaml', text: proposal.text });
  assert.deepEqual(
    problems.filter(({ severity }) => severity === 'error'),
    [],
    proposal.text,
  );
  return { ...proposal, stack: stack! };
};

const runs = (stack: Stack): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...stack.services, ...stack.jobs].map(({ name, command }) => [name, command.argv.join(' ')]),
  );

const packageFile = (rest: object): string => JSON.stringify({ name: 'shop', ...rest });

test('proposeStackFile takes the start script of package.json, without npm in between', () => {
  const given = facts(
    {
      'package.json': packageFile({
        scripts: { start: 'node server.js', build: 'tsc', migrate: 'x', worker: 'node worker.js' },
      }),
    },
    'package-lock.json',
    '.env',
    'data/',
  );
  const { stack, text, notes } = propose(given);
  assert.equal(stack.name, 'my-shop');
  assert.deepEqual(runs(stack), {
    web: 'node server.js',
    worker: 'node worker.js',
    build: 'npm ci && npm run build',
    migrate: 'npm run migrate',
  });
  assert.deepEqual(stack.services[0]!.routes, [{ host: 'my-shop.localhost', path: '/', stripPath: false }]);
  assert.deepEqual([stack.shared, stack.cache, notes], [['data'], ['node_modules'], []]);
  assert.match(text, /^env_files: \[\.env\]$/m);
  assert.match(text, /^# .*package\.json/m);
});

test('proposeStackFile knows the package tool by its lock file', () => {
  const file = { 'package.json': packageFile({ scripts: { start: 'vite preview' } }) };
  for (const [lock, install] of [
    ['pnpm-lock.yaml', 'pnpm install --frozen-lockfile'],
    ['yarn.lock', 'yarn install --frozen-lockfile'],
    ['bun.lock', 'bun install --frozen-lockfile'],
  ]) {
    const { stack } = propose(facts(file, lock!));
    assert.deepEqual(runs(stack), { web: 'node_modules/.bin/vite preview', build: install });
  }
});

test('proposeStackFile takes a Procfile before everything else, and the build from the language', () => {
  const { stack } = propose(
    facts({
      Procfile:
        'web: bundle exec puma -p ${PORT:-3000}\nrelease: bin/rails db:migrate\nworker: exec bundle exec sidekiq\n',
      Gemfile: "gem 'rails'",
    }),
  );
  assert.deepEqual(
    stack.services.map(({ name, command }) => [name, command.shell]),
    [
      ['web', true],
      ['worker', false],
    ],
  );
  assert.equal(runs(stack).worker, 'bundle exec sidekiq');
  assert.deepEqual(
    stack.jobs.map(({ name, phase }) => [name, phase]),
    [
      ['build', 'build'],
      ['release', 'before'],
    ],
  );
});

test('proposeStackFile knows the frameworks of Python', () => {
  const web = (...given: Parameters<typeof facts>) => runs(propose(facts(...given)).stack).web;
  assert.equal(
    web({ 'requirements.txt': 'fastapi\n', 'app.py': '' }),
    '.venv/bin/uvicorn app:app --host 127.0.0.1 --port $PORT',
  );
  assert.equal(
    web({ 'pyproject.toml': 'dependencies = ["flask"]', 'main.py': '' }),
    '.venv/bin/gunicorn main:app --bind 127.0.0.1:$PORT',
  );
  assert.equal(
    web({ 'requirements.txt': 'django\n' }, 'manage.py', 'static/', 'shop/'),
    '.venv/bin/gunicorn shop.wsgi --bind 127.0.0.1:$PORT',
  );
});

test('proposeStackFile builds a Go program and names it after its module', () => {
  const { stack } = propose(facts({ 'go.mod': 'module example.com/team/thing/v2\n' }, 'main.go'));
  assert.deepEqual(runs(stack), { web: 'bin/thing', build: 'go build -o bin/thing .' });
});

test('proposeStackFile turns what a compose file builds into services, and tells about its images', () => {
  const compose = `services:
  api:
    build: .
    command: ["node", "a b.js"]
    ports: ["80:80"]
    depends_on: [db, worker]
    environment: { LEVEL: info, DB_PASSWORD: hunter2, URL: "postgres://u:hunter2@db", HOME_URL: "\${X}" }
  worker: { build: ., command: node worker.js > log }
  db: { image: "postgres:16" }
`;
  const { stack, notes, text } = propose(facts({ 'compose.yaml': compose }));
  assert.deepEqual(runs(stack), { api: 'node a b.js', worker: 'node worker.js > log' });
  assert.deepEqual(stack.services[0]!.dependsOn, [{ service: 'worker', condition: 'started' }]);
  assert.deepEqual(stack.services[0]!.env, { LEVEL: 'info' });
  assert.match(notes.join(), /"db" of compose\.yaml is an image/);
  assert.doesNotMatch(text, /hunter2/);
});

test('proposeStackFile takes the command of a Dockerfile when there is nothing better', () => {
  const { stack, notes } = propose(
    facts({ Dockerfile: 'FROM node\nENTRYPOINT ["node"]\nCMD ["server.js", \\\n "--name=a b"]\n' }),
  );
  assert.deepEqual(stack.services[0]!.command, { argv: ['node', 'server.js', '--name=a b'], shell: false });
  assert.match(notes.join(), /without its image/);
});

test('proposeStackFile lists what .env.example names, as a comment', () => {
  const { text } = propose(facts({ '.env.example': 'DATABASE_URL=\n# X=1\nexport TOKEN=abc\n' }));
  assert.match(text, /^# required: \[DATABASE_URL, TOKEN\]$/m);
  assert.doesNotMatch(text, /abc/);
});

test('proposeStackFile writes a file to fill in when nothing is recognised', () => {
  const { stack, notes } = propose({ folderName: '---', entries: [], contents: {} });
  assert.equal(stack.name, 'app');
  assert.equal(notes.length, 1);
});

test('proposeStackFile puts answers in the place of the guess', () => {
  const answers = { name: 'other', run: 'node a.js | tee log', port: 3000, health: '/up' };
  const { stack } = propose(facts({ 'package.json': packageFile({}) }), answers);
  const [web] = stack.services;
  assert.equal(stack.name, 'other');
  assert.deepEqual([web!.command, web!.port], [{ argv: ['node a.js | tee log'], shell: true }, 3000]);
  assert.deepEqual(web!.health.probe, { kind: 'http', path: '/up', expectStatus: null, host: null });
});

test('proposeStackFile makes no guess where the guess would not be valid', () => {
  const cycle =
    'services:\n  a: { build: ., command: a, depends_on: [b] }\n  b: { build: ., command: b, depends_on: [a] }\n';
  for (const contents of [
    { 'compose.yaml': cycle },
    { Procfile: 'web: node "a\n' },
    { Procfile: 'build: a\n', 'go.mod': 'module x\n' },
  ] as Record<string, string>[]) {
    assert.deepEqual(runs(propose(facts(contents)).stack), { web: './server' });
  }
});

test('proposeStackFile gives a valid file whatever is in the folder', () => {
  const text = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.string({ unit: fc.constantFrom(...'ab:$"\'|\\{}[]#&*!\n -'.split('')), maxLength: 60 }),
    fc.string({ maxLength: 30 }).map((line) => `web: ${line}`),
    fc
      .string({ maxLength: 30 })
      .map((line) =>
        JSON.stringify({ scripts: { start: line, build: line, migrate: line, worker: line }, main: line }),
      ),
    fc
      .string({ maxLength: 30 })
      .map(
        (line) =>
          `services: {${JSON.stringify(line)}: {build: ., command: ${JSON.stringify(line)}, environment: {A: ${JSON.stringify(line)}}}}`,
      ),
    fc.string({ maxLength: 30 }).map((line) => `CMD ${line}`),
  );
  const names = fc.constantFrom(
    'package.json',
    'Procfile',
    'compose.yaml',
    'Dockerfile',
    'go.mod',
    'Gemfile',
    'pyproject.toml',
    '.env.example',
  );
  fc.assert(
    fc.property(fc.string(), fc.dictionary(names, text, { maxKeys: 3 }), (folderName, contents) => {
      propose({ folderName, entries: Object.keys(contents), contents });
    }),
    { numRuns: 500 },
  );
});
