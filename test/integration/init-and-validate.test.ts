import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { cli } from '../worlds/cli-world.ts';

const makeFolder = (t: TestContext, files: Readonly<Record<string, string>> = {}): string => {
  const folder = mkdtempSync(join(tmpdir(), 'reeve-init-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
};

const reeve = (cwd: string, ...argv: string[]) => cli(argv, { cwd, env: { HOME: '/home/app' } });

const errorCode = (end: { readonly json: () => unknown }): string =>
  (end.json() as { error: { code: string } }).error.code;

test('init writes a valid stack file from what is in the folder', async (t) => {
  const folder = makeFolder(t, { 'package.json': '{"scripts":{"start":"node server.js"}}' });
  const end = await reeve(folder, 'init', '--yes', '--name', 'shop');
  assert.equal(end.code, 0);
  assert.match(end.stdout, /Wrote reeve\.yaml, from package\.json/);
  assert.match(readFileSync(join(folder, 'reeve.yaml'), 'utf8'), /run: node server\.js/);
  assert.deepEqual(readdirSync(folder).toSorted(), ['package.json', 'reeve.yaml']);
  const validated = await reeve(folder, 'validate');
  assert.equal(validated.code, 0);
  assert.equal(validated.stdout, 'reeve.yaml is valid: 1 service, 1 job\n');
});

test('init leaves a file that exists as it is, a dangling link too', async (t) => {
  const folder = makeFolder(t, { 'reeve.yaml': 'mine' });
  const end = await reeve(folder, 'init', '--yes', '--json');
  assert.deepEqual([end.code, errorCode(end)], [2, 'init.exists']);
  assert.equal(readFileSync(join(folder, 'reeve.yaml'), 'utf8'), 'mine');
  symlinkSync('/nowhere/at/all', join(folder, 'link.yaml'));
  const linked = await reeve(folder, 'init', '--yes', '--json', '--file', 'link.yaml');
  assert.deepEqual([linked.code, errorCode(linked)], [2, 'init.exists']);
  assert.deepEqual(readdirSync(folder).toSorted(), ['link.yaml', 'reeve.yaml']);
});

test('init refuses answers that make no sense, and writes nothing', async (t) => {
  const folder = makeFolder(t);
  for (const answer of [
    ['--name', 'My Shop'],
    ['--port', 'x'],
    ['--port', '70000'],
    ['--run', 'node "x'],
    ['--health', 'up now'],
  ]) {
    const end = await reeve(folder, 'init', '--yes', '--json', ...answer);
    assert.deepEqual([end.code, errorCode(end)], [2, 'init.bad-answer'], answer.join(' '));
  }
  assert.deepEqual(readdirSync(folder), []);
});

test('init says so when the folder can not be written to', async (t) => {
  const folder = makeFolder(t);
  const end = await reeve(folder, 'init', '--yes', '--json', '--file', 'absent/reeve.yaml');
  assert.deepEqual([end.code, errorCode(end)], [1, 'init.not-written']);
});

test('init reads nothing but small ordinary files', async (t) => {
  const folder = makeFolder(t, { Procfile: `web: node a.js\n${'#'.repeat(300_000)}`, 'package.json': '{' });
  symlinkSync('/dev/zero', join(folder, 'go.mod'));
  chmodSync(join(folder, 'package.json'), 0o000);
  const end = await reeve(folder, 'init', '--yes');
  assert.equal(end.code, 0);
  assert.match(end.stdout, /nothing that was recognised/);
});

test('validate shows every problem with its place, and exits 2', async (t) => {
  const folder = makeFolder(t, { 'reeve.yaml': 'name: shop\nservices:\n  web: { run: a | b, port: x }\n' });
  const end = await reeve(folder, 'validate');
  assert.equal(end.code, 2);
  assert.match(end.stdout, /^reeve\.yaml:3:17: error: .* \[command\.shell-syntax\]\n/);
  assert.match(end.stdout, /\nreeve\.yaml:3:28: error: .* \[value\.wrong\]\n/);
  assert.match(end.stdout, /\nreeve\.yaml is not valid: 2 errors\n$/);
});

test('validate gives the problems as data', async (t) => {
  const folder = makeFolder(t, { 'reeve.yaml': 'name: shop\nservices: {}\n' });
  const end = await reeve(folder, 'validate', '--json');
  const { valid, problems } = end.json() as { valid: boolean; problems: { code: string; line: number }[] };
  assert.equal(end.code, 2);
  assert.deepEqual([valid, problems.map(({ code, line }) => `${code}:${line}`)], [false, ['stack.empty:1']]);
});

test('validate walks up to the nearest stack file, and lets warnings pass', async (t) => {
  const folder = makeFolder(t, {
    'reeve.yaml': 'name: shop\nenv: { API_KEY: hunter2 }\nservices: { web: { run: a } }\n',
  });
  const inner = mkdtempSync(join(folder, 'inner-'));
  const end = await reeve(inner, 'validate');
  assert.equal(end.code, 0);
  assert.match(end.stdout, /^\.\.\/reeve\.yaml:2:8: warning: /);
  assert.match(end.stdout, /\.\.\/reeve\.yaml is valid: 1 service, 0 jobs \(1 warning\)\n$/);
  assert.doesNotMatch(end.stdout, /hunter2/);
});

test('validate refuses when there is no stack file', async (t) => {
  const folder = makeFolder(t);
  const end = await reeve(folder, 'validate', '--json', '--file', 'absent.yaml');
  assert.deepEqual([end.code, errorCode(end)], [2, 'cli.no-file']);
  assert.ok(!existsSync(join(folder, 'absent.yaml')));
});

test('validate --quiet says nothing about a valid file', async (t) => {
  const folder = makeFolder(t, { 'reeve.yaml': 'name: shop\nservices: { web: { run: a } }\n' });
  assert.deepEqual(
    await reeve(folder, 'validate', '--quiet').then(({ code, stdout, stderr }) => [code, stdout, stderr]),
    [0, '', ''],
  );
});
