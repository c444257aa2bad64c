// The CLI as people have it: its own process, with signals, pipes and an agent that it starts by itself.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { startAgent } from '../../src/client/start-agent.ts';
import { openClient } from '../../src/client/client.ts';
import { realClock } from '../../src/kit/real-clock.ts';
import type { Failure } from '../../src/model/error.ts';
import { aChange, aStackStatus } from '../worlds/cli-facts.ts';
import { type FakeAgent, openFakeAgent } from '../worlds/fake-agent.ts';

const REEVE = resolve(import.meta.dirname, '../../bin/reeve');

let agent: FakeAgent;

before(async () => {
  agent = await openFakeAgent();
});
after(() => agent[Symbol.asyncDispose]());

const start = (...argv: string[]): ChildProcess =>
  spawn(REEVE, argv, { env: agent.env, cwd: agent.home, stdio: ['ignore', 'pipe', 'pipe'] });

const textOf = async (stream: AsyncIterable<Buffer> | null): Promise<string> => {
  let text = '';
  for await (const chunk of stream ?? []) text += chunk.toString('utf8');
  return text;
};

const endOf = async (
  child: ChildProcess,
): Promise<{ code: number | null; stdout: string; stderr: string }> => {
  const [stdout, stderr, [code]] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
};

test('SIGINT detaches the CLI from a change and leaves the change alone', async () => {
  const followed = Promise.withResolvers<void>();
  agent.answer({
    followChange: async function* () {
      yield { change: aChange() };
      followed.resolve();
      await new Promise(() => {});
    },
  });
  const child = start('changes', 'follow', '7');
  const ending = endOf(child);
  await followed.promise;
  await once(child.stdout!, 'readable');
  child.kill('SIGINT');
  const { code, stderr } = await ending;
  assert.equal(code, 130);
  assert.equal(
    stderr,
    'Change 7 goes on. Follow it: reeve changes follow 7. Cancel it: reeve changes cancel 7\n',
  );
  assert.ok(agent.calls.every(({ name }) => name !== 'cancelChange'));
});

test('output that can not be written is an error of one line, and no stack trace', () => {
  const full = openSync('/dev/full', 'w');
  const { status, stderr } = spawnSync(REEVE, ['completion', 'bash'], {
    env: agent.env,
    stdio: ['ignore', full, 'pipe'],
    encoding: 'utf8',
  });
  closeSync(full);
  assert.deepEqual([status, stderr], [1, 'Cannot write the output: the system says ENOSPC\n']);
});

test('a reader that goes away ends the CLI silently', async () => {
  agent.answer({
    logs: async function* () {
      for (let offset = 0; ; offset += 1) {
        yield { instance: 'web-1-blue', stream: 'out' as const, at: null, text: 'x'.repeat(1000), offset };
        if (offset % 100 === 0) await new Promise((done) => setImmediate(done));
      }
    },
  });
  const child = start('logs', '--stack', 'shop', '--follow');
  const ended = once(child, 'exit');
  const stderr = textOf(child.stderr);
  await once(child.stdout!, 'data');
  child.stdout!.destroy();
  assert.deepEqual(await ended, [0, null]);
  assert.equal(await stderr, '');
});

test('exec runs the command with the environment of the service and ends with its exit code', async () => {
  agent.answer({
    execContext: ({ body }) => ({
      argv: (body as { command: { argv: string[] } }).command.argv,
      workingFolder: agent.home,
      env: { GREETING: 'hello', PATH: process.env.PATH ?? '' },
      user: null,
    }),
  });
  const script = 'echo "$GREETING ${SHOULD_BE_UNSET:-}"; pwd; exit 7';
  const { code, stdout } = await endOf(start('exec', 'web', '--stack', 'shop', '--', 'sh', '-c', script));
  assert.equal(code, 7);
  assert.equal(stdout, `hello \n${agent.home}\n`);
  const machine = await endOf(
    start('exec', 'web', '--stack', 'shop', '--json', '--', 'sh', '-c', 'echo out; kill -9 $$'),
  );
  assert.equal(machine.code, 137);
  assert.deepEqual(JSON.parse(machine.stdout), {
    exitCode: 137,
    signal: 'SIGKILL',
    stdout: 'out\n',
    stderr: '',
  });
});

test('exec of a program that is not there exits with 127', async () => {
  const { code, stderr } = await endOf(start('exec', 'web', '--stack', 'shop', '--', 'no-such-program'));
  assert.equal(code, 127);
  assert.match(stderr, /Cannot run "no-such-program" in/);
});

test('the completion scripts are accepted by their shells', async (t) => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    await t.test(shell, (own) => {
      if (spawnSync(shell, ['-c', 'true']).status !== 0) {
        own.skip(`${shell} is not installed`);
        return;
      }
      // From a file: fish 3 takes no script from a socket, which is what a child's standard input is here.
      const path = join(agent.home, `completion.${shell}`);
      writeFileSync(path, execFileSync(REEVE, ['completion', shell], { env: agent.env }));
      const { status, stderr } = spawnSync(shell, ['-n', path], { encoding: 'utf8' });
      assert.equal(status, 0, stderr);
    });
  }
});

test('bash completes commands, subcommands and options behind what was typed', () => {
  const script = execFileSync(REEVE, ['completion', 'bash'], { env: agent.env, encoding: 'utf8' });
  const completed = (...words: readonly string[]): string[] => {
    const typed = words.map((word) => `'${word}'`).join(' ');
    const program = `${script}\nCOMP_WORDS=(${typed}); COMP_CWORD=${words.length - 1}; _reeve; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-c', program], { encoding: 'utf8' }).split('\n').filter(Boolean);
  };
  assert.deepEqual(completed('reeve', 'roll'), ['rollback']);
  assert.deepEqual(completed('reeve', '--stack', 'shop', 'changes', 'c'), ['cancel']);
  assert.deepEqual(completed('reeve', 'agent', 'start', '--re'), ['--replace']);
  assert.deepEqual(completed('reeve', 'exec', 'web', '--', ''), []);
  assert.deepEqual(completed('reeve', 'completion', ''), ['bash', 'zsh', 'fish']);
  assert.deepEqual(completed('reeve', '--ver'), ['--version']);
  assert.deepEqual(completed('reeve', 'status', '--ver'), []);
});

test('a command starts cold and says the version of an absent agent', async () => {
  const home = mkdtempSync(join(tmpdir(), 'reeve-none-'));
  const { stdout, status } = spawnSync(REEVE, ['version'], {
    env: { ...agent.env, REEVE_HOME: home },
    encoding: 'utf8',
  });
  assert.equal(status, 0);
  assert.match(stdout, /agent {2}none runs/);
  rmSync(home, { recursive: true });
});

const starting = async (home: string, script: string) => {
  const layout = { home, socket: join(home, 'agent.sock') };
  const client = openClient({ socket: layout.socket });
  return startAgent({
    client,
    layout,
    argv: ['/bin/sh', '-c', script],
    env: agent.env,
    clock: realClock,
    withinMs: 300,
  });
};

test('startAgent fails with the last lines of its log when the agent ends at once', async () => {
  const home = mkdtempSync(join(tmpdir(), 'reeve-start-'));
  writeFileSync(join(home, 'agent.log'), 'of an earlier agent\n');
  await assert.rejects(starting(home, 'echo cannot open the database; exit 3'), (error: Failure) => {
    assert.equal(error.report.code, 'agent.not-started');
    assert.deepEqual(error.report.log, ['cannot open the database']);
    assert.equal(error.report.why, 'it ended with exit code 3');
    return true;
  });
  rmSync(home, { recursive: true });
});

test('startAgent takes the agent that was quicker', async () => {
  agent.answer({
    agentStatus: () => ({ pid: 42 }) as never,
    listStacks: () => [aStackStatus()],
  });
  assert.equal((await starting(agent.home, 'exit 2')).pid, 42);
});
