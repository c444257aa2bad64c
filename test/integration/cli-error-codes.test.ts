// Errors that only the CLI itself can run into, each by its code.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ErrorReport, ExecContext } from '../../src/api/wire.ts';
import { aStackStatus } from '../worlds/cli-facts.ts';
import { type CliEnd, cli } from '../worlds/cli-world.ts';
import { openFakeAgent } from '../worlds/fake-agent.ts';

const reported = (end: CliEnd): ErrorReport => (end.json() as { error: ErrorReport }).error;

const context: ExecContext = { argv: ['no-such-program-here'], workingFolder: '/', env: {}, user: null };

test('exec.not-started: the program is not there', async () => {
  await using agent = await openFakeAgent({ execContext: () => context });
  const end = await cli(['exec', '--stack', 'shop', '--json', 'web', '--', 'x'], { env: agent.env });
  assert.equal(reported(end).code, 'exec.not-started');
  assert.equal(end.code, 127, 'as shells say it');
});

test('exec.no-user: the service runs as a user that this host does not have', async () => {
  await using agent = await openFakeAgent({ execContext: () => ({ ...context, user: 'nobody-like-this' }) });
  const end = await cli(['exec', '--stack', 'shop', '--json', 'web', '--', 'x'], { env: agent.env });
  assert.equal(reported(end).code, 'exec.no-user');
});

test('exec.other-user: only root can run as somebody else', async () => {
  await using agent = await openFakeAgent({ execContext: () => ({ ...context, user: 'root' }) });
  const end = await cli(['exec', '--stack', 'shop', '--json', 'web', '--', 'x'], {
    env: agent.env,
    uid: 12_345,
  });
  assert.equal(reported(end).code, 'exec.other-user');
  assert.equal(end.code, 2);
});

test('cli.not-confirmed: nobody is there to type the name of what will be gone', async () => {
  await using agent = await openFakeAgent({});
  const asked = await cli(['down', '--purge', '--stack', 'shop', '--json'], { env: agent.env });
  assert.equal(reported(asked).code, 'cli.not-confirmed');
  assert.match(reported(asked).fix ?? '', /--yes-i-mean shop/);
  const other = await cli(['down', '--purge', '--stack', 'shop', '--json', '--yes-i-mean', 'shoe'], {
    env: agent.env,
  });
  assert.equal(reported(other).code, 'cli.not-confirmed');
  assert.ok(!agent.calls.some(({ name }) => name === 'change'));
});

test('cli.stack-unclear: no stack file, and the agent knows several', async () => {
  const stacks = [aStackStatus({ stack: 'shop' }), aStackStatus({ stack: 'blog' })];
  await using agent = await openFakeAgent({ listStacks: () => stacks });
  const end = await cli(['releases', '--json'], { env: agent.env, cwd: agent.home });
  assert.equal(reported(end).code, 'cli.stack-unclear');
  assert.match(reported(end).fix ?? '', /shop, blog/);
});

test('agent.not-understood: what answers on the socket is no agent', async () => {
  const home = mkdtempSync(join(tmpdir(), 'reeve-stranger-'));
  const server = createServer((_request, response) => response.end('<h1>hello</h1>'));
  await new Promise<void>((resolve) => server.listen(join(home, 'agent.sock'), resolve));
  const end = await cli(['status', '--json'], { env: { REEVE_HOME: home }, cwd: home });
  server.close();
  rmSync(home, { recursive: true });
  assert.equal(reported(end).code, 'agent.not-understood');
});

test(
  'agent.not-stopped: the agent says that it stops, and its process goes on',
  { timeout: 60_000 },
  async () => {
    await using agent = await openFakeAgent({
      agentStatus: () => ({ pid: process.pid }) as never,
      stopAgent: () => ({ pid: process.pid }),
    });
    const end = await cli(['agent', 'stop', '--json'], { env: agent.env });
    assert.equal(reported(end).code, 'agent.not-stopped');
    assert.match(reported(end).fix ?? '', new RegExp(`kill -9 ${process.pid}`));
  },
);

test('agent.not-linux: an agent is for Linux', async (t) => {
  t.mock.property(process, 'platform', 'darwin');
  const home = mkdtempSync(join(tmpdir(), 'reeve-mac-'));
  chmodSync(home, 0o700);
  const end = await cli(['agent', 'start', '--foreground', '--json'], {
    env: { REEVE_HOME: home },
    cwd: home,
  });
  rmSync(home, { recursive: true });
  assert.equal(reported(end).code, 'agent.not-linux');
  assert.equal(end.code, 2);
});
