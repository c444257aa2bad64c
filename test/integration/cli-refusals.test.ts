// What is refused, and how: exit codes, the layout of errors, and that a refused command asks the agent for nothing.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ErrorReport } from '../../src/api/wire.ts';
import { Defect, Failure, Refusal } from '../../src/model/error.ts';
import { cli } from '../worlds/cli-world.ts';
import { openFakeAgent } from '../worlds/fake-agent.ts';

let empty: string;

before(() => {
  empty = mkdtempSync(join(tmpdir(), 'reeve-empty-'));
});
after(() => rmSync(empty, { recursive: true, force: true }));

const alone = (line: string) => cli(line.split(' '), { env: { REEVE_HOME: empty }, cwd: empty });

const ASKING = [
  'status',
  'status --watch',
  'ps',
  'releases',
  'health',
  'logs',
  'logs --follow --stack shop',
  'changes',
  'changes show 7',
  'changes follow 7',
  'changes cancel 7',
  'edge',
  'edge routes',
  'agent',
  'doctor',
  'metrics',
  'audit',
  'exec web -- ls',
];

test('every command that only asks exits with 69 and the fix when no agent answers', async () => {
  for (const line of ASKING.filter((one) => !one.includes('follow'))) {
    const people = await alone(line);
    assert.equal(people.code, 69, line);
    assert.match(
      people.stderr,
      /^Cannot reach the agent: .*\n {2}fix {3}reeve agent start\n {2}code {2}agent\.absent\n$/,
      line,
    );
    const at = line.includes(' -- ') ? line.indexOf(' -- ') : line.length;
    const machine = await alone(`${line.slice(0, at)} --json${line.slice(at)}`);
    assert.equal(machine.code, 69, line);
    assert.equal((machine.json() as { error: ErrorReport }).error.code, 'agent.absent', line);
    assert.equal(machine.stderr, '', line);
  }
});

test('a socket without a listener is an absent agent too', async () => {
  const socket = join(empty, 'agent.sock');
  const server = createServer().listen(socket);
  await new Promise((resolve) => server.once('listening', resolve));
  await new Promise((resolve) => server.close(resolve));
  writeFileSync(socket, '');
  assert.equal((await alone('status')).code, 69);
  rmSync(socket);
});

test('what was typed wrong exits with 2 and says what was meant', async () => {
  const cases: readonly (readonly [line: string, says: RegExp])[] = [
    ['stauts', /Cannot run "reeve stauts": unknown command "stauts"\n {2}fix {3}write status\n/],
    ['status --wach', /unknown option "--wach"\n {2}fix {3}write --watch\n/],
    ['changes shwo', /unknown command "shwo"\n {2}fix {3}write show\n/],
    ['nothing', /unknown command "nothing"\n {2}fix {3}see what it takes: reeve --help/],
    ['help nothing', /unknown command "nothing"\n {2}fix {3}see the commands: reeve --help/],
    [
      'rollback twelve',
      /^Cannot use "twelve" as <release>: a whole number is required\n {2}fix {3}see what it takes: reeve rollback --help\n/,
    ],
    ['rollback 0', /a number from 1 on is required/],
    ['scale web', /Cannot use "web" as <service=count>: a service with its count is required/],
    ['scale web=101', /at most 100 copies are allowed/],
    ['scale web=many', /a whole number is required/],
    ['stop Web', /a name of lower-case letters/],
    ['run', /Cannot run "reeve run": <job> is required\n {2}fix {3}see what it takes: reeve run --help\n/],
    ['deploy --wait soon', /Cannot use "soon" as --wait: a duration such as 30s/],
    ['deploy --wait', /--wait <duration> needs a value/],
    [
      'lock acquire export',
      /--task <task> is required\n {2}fix {3}see what it takes: reeve lock acquire --help/,
    ],
    ['changes list -n many', /Cannot use "many" as --limit: a whole number is required/],
    ['logs --since yesterday', /a duration such as 10m, or a time/],
    ['logs --grep [', /regular expression/i],
    ['status one two', /"status" takes no argument/],
    ['completion tcsh', /one of bash, zsh, fish is required/],
    ['agent start --edge-port 70000', /a port from 1 to 65535 is required/],
    ['releases --stack ../etc', /lower-case letters, digits and dashes are required/],
  ];
  for (const [line, says] of cases) {
    const { code, stdout, stderr } = await alone(line);
    assert.equal(code, 2, line);
    assert.match(stderr, says, line);
    assert.equal(stdout, '', line);
  }
});

test('an error of usage under --json is one value on stdout', async () => {
  const { code, json, stderr } = await alone('stauts --json');
  assert.equal(code, 2);
  assert.equal((json() as { error: ErrorReport }).error.code, 'cli.usage');
  assert.equal(stderr, '');
});

test('reeve alone prints its help', async () => {
  const { code, stdout } = await cli([], { env: { REEVE_HOME: empty } });
  assert.equal(code, 0);
  assert.match(stdout, /^Usage: reeve/);
});

test('a deploy without a stack file is refused before any agent is started', async () => {
  const { code, stderr } = await alone('up');
  assert.equal(code, 2);
  assert.match(
    stderr,
    /^Cannot find a stack file: no reeve\.yaml in ".*" or above it\n {2}fix {3}write one with: reeve init/,
  );
  assert.equal((await alone('up --file nowhere.yaml')).code, 2);
});

test('a deploy of a broken stack file is refused before any agent is started', async () => {
  writeFileSync(
    join(empty, 'broken.yaml'),
    'name: shop\nservices: { web: { run: node web.js, prot: 80 } }\n',
  );
  for (const line of ['up', 'deploy', 'plan']) {
    const { code, json } = await alone(`${line} --file broken.yaml --json`);
    const { error } = json() as { error: ErrorReport };
    assert.deepEqual(
      [code, error.code, error.problems?.[0]?.code],
      [2, 'stack.invalid', 'key.unknown'],
      line,
    );
  }
  rmSync(join(empty, 'broken.yaml'));
  assert.deepEqual(readdirSync(empty), []);
});

test('a stack file is a regular file, or a folder with one', async () => {
  const folder = join(empty, 'shop');
  mkdirSync(folder);
  assert.match((await alone('validate --file shop')).stderr, /shop\/reeve\.yaml": there is no such file/);
  writeFileSync(join(folder, 'reeve.yaml'), 'name: shop\nservices: { web: { run: node web.js } }\n');
  assert.equal((await alone('validate --file shop')).code, 0);
  const odd = await alone('validate --file /dev/zero');
  assert.equal(odd.code, 2);
  assert.match(odd.stderr, /^Cannot read the stack file "\/dev\/zero": it is no regular file/);
  rmSync(folder, { recursive: true });
});

test('down --purge is refused without the name, and asks nobody where nobody can be asked', async () => {
  await using agent = await openFakeAgent();
  const run = (line: string) => cli(line.split(' '), { env: agent.env, cwd: empty });
  const silent = await run('down --purge --stack shop');
  assert.equal(silent.code, 2);
  assert.match(
    silent.stderr,
    /Cannot purge "shop": nobody can be asked here.*\n {2}fix {3}add --yes-i-mean shop/,
  );
  const wrong = await run('down --purge --stack shop --yes-i-mean shops');
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /--yes-i-mean says "shops"/);
  assert.deepEqual(agent.calls, []);
});

test('what the agent reports keeps its kind and its exit code', async () => {
  await using agent = await openFakeAgent();
  const reported = async (error: Error): Promise<readonly [number, string]> => {
    agent.answer({
      listStacks: () => {
        throw error;
      },
    });
    const { code, stderr } = await cli(['status'], { env: agent.env });
    return [code, stderr.split('\n')[0]!];
  };
  assert.deepEqual(await reported(new Refusal('lock.held', 'Cannot deploy: locked')), [
    2,
    'Cannot deploy: locked',
  ]);
  assert.deepEqual(await reported(new Refusal('lock.time-out', 'Cannot wait', { exit: 4 })), [
    4,
    'Cannot wait',
  ]);
  assert.deepEqual(await reported(new Failure('x.y', 'Cannot start')), [1, 'Cannot start']);
  assert.deepEqual(await reported(new Defect('impossible')), [70, 'This is a bug in Reeve']);
});

test('an answer that is not of this version is told from an error of the agent', async () => {
  await using agent = await openFakeAgent({ metrics: () => 'text' });
  agent.answer({ listStacks: () => undefined as never });
  const { code, stderr } = await cli(['status'], { env: agent.env });
  assert.equal(code, 1);
  assert.match(stderr, /code {2}agent\.not-understood/);
});

test('an agent that dies in the middle of an answer is told as such', async () => {
  await using agent = await openFakeAgent();
  agent.answer({
    listStacks: () => {
      void agent.kill();
      return new Promise(() => {});
    },
  });
  const { code, stderr } = await cli(['status'], { env: agent.env });
  assert.equal(code, 1);
  assert.match(stderr, /code {2}agent\.hung-up/);
});
