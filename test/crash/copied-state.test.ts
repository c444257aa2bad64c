// A state folder is copied whole while everything runs, and an agent is started on the copy: it starts what it is told to
// run, and of the original it touches nothing.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import type { StackStatus } from '../../src/api/wire.ts';
import { agentCommand } from '../../src/cli/agent-command.ts';
import { type Client, openClient } from '../../src/client/client.ts';
import { isEnded } from '../../src/model/change.ts';
import { resolveLayout } from '../../src/model/layout.ts';
import { eventually, isRunning } from '../worlds/conditions.ts';
import {
  askRoute,
  type CrashStage,
  describeChange,
  openCrashStage,
  processesOfStack,
} from '../worlds/crash-stage.ts';
import { freePort } from '../worlds/edge-stand.ts';
import { instancesOf, lifeOf, numberedStack } from '../worlds/numbered-stack.ts';
import { asAfterBoot, besideProcess, whyNoOtherBoot } from '../worlds/other-boot.ts';

const NAME = 'original';
const COPIES = 4;

type Copy = {
  readonly home: string;
  readonly edgePort: number;
  readonly agent: number;
  readonly client: Client;
  readonly status: () => Promise<StackStatus>;
  readonly down: () => Promise<void>;
};

describe('an agent on a copy of a state folder whose original is in use', () => {
  let stage: CrashStage;
  let copy: Copy | null = null;

  before(async () => {
    stage = await openCrashStage({ stack: NAME, files: numberedStack(NAME, COPIES) });
    await stage.ensureAgent();
    await stage.make(stage.deployNext());
  });
  afterEach(async () => {
    if (!copy) return;
    const { agent, client, home } = copy;
    await client.call('stopAgent').catch(() => process.kill(agent, 'SIGKILL'));
    await eventually('its agent is gone', () => !isRunning(agent));
    rmSync(home, { recursive: true });
    copy = null;
  });
  after(() => stage.close());

  const openCopy = async (
    wrap: (command: readonly string[]) => readonly string[] = (command) => command,
  ): Promise<Copy> => {
    const home = join(stage.folder, 'copy');
    execFileSync('cp', ['-a', join(stage.folder, 'state'), home]);
    const edgePort = await freePort();
    const env = { ...stage.env, REEVE_HOME: home, REEVE_EDGE_PORT: String(edgePort) };
    const [program = '', ...args] = wrap(agentCommand());
    const child = spawn(program, args, { env, stdio: 'ignore', detached: true });
    child.unref();
    const client = openClient({ socket: resolveLayout(env, process.getuid?.() ?? 0).socket });
    const { pid: agent } = await eventually('its agent answers', () => client.call('agentStatus'), 30_000);
    assert.equal(agent, child.pid);
    const status = (): Promise<StackStatus> => client.call('stackStatus', { params: { stack: NAME } });
    const down = async (): Promise<void> => {
      const answer = await client.call('change', { body: { want: 'down', stack: NAME, purge: true } });
      assert.ok(answer.outcome !== 'nothing');
      const { id } = answer.change;
      const change = await eventually(
        'it is taken down',
        async () => {
          const now = await client.call('showChange', { params: { id } });
          return isEnded(now.state) ? now : null;
        },
        60_000,
      );
      assert.equal(change.state, 'done', describeChange(change));
    };
    return { home, edgePort, agent, client, status, down };
  };

  const processesIn = (folder: string): readonly string[] =>
    processesOfStack({ name: NAME, folder: join(stage.folder, folder) });

  /** Everything of the original that somebody could have touched. */
  const lookAtOriginal = async () => ({
    agent: await stage.agentPid(),
    edge: (await stage.client.call('edgeStatus')).pid,
    lives: [...(await instancesOf(stage)).values()].map(lifeOf),
    processes: processesIn('state'),
    answer: await askRoute(stage),
    lock: (await stage.status()).lock.owner,
  });

  test(
    'after another boot starts all of it anew, serves it, and touches nothing of the original',
    { skip: whyNoOtherBoot() ?? false },
    async () => {
      const before = await lookAtOriginal();
      copy = await openCopy(asAfterBoot({ folder: stage.folder, boot: 2, hasOwnLoopback: true }));
      const { agent, edgePort } = copy;
      const own = await eventually(
        'all of its own are healthy',
        async () => {
          const found = await instancesOf(copy!);
          return [...found.values()].every(({ health }) => health === 'healthy') ? found : null;
        },
        30_000,
      );
      assert.deepEqual(processesIn('copy'), before.processes);
      const pids = new Set([...(await instancesOf(stage)).values()].map(({ pid }) => pid));
      assert.deepEqual(
        [...own.values()].filter(({ pid }) => pids.has(pid)),
        [],
      );
      const ask = `require('http').get({ port: ${edgePort}, headers: { host: '${NAME}.localhost' } }, (a) => a.pipe(process.stdout))`;
      const [program = '', ...args] = besideProcess(agent, [process.execPath, '-e', ask]);
      assert.equal(execFileSync(program, args, { encoding: 'utf8' }), before.answer);
      assert.deepEqual(await lookAtOriginal(), before);
      await copy.down();
      assert.deepEqual(processesIn('copy'), []);
      assert.deepEqual(await lookAtOriginal(), before);
    },
  );

  test('on the same host takes nothing of the original for its own, and ends nothing of it', async () => {
    const before = await lookAtOriginal();
    copy = await openCopy();
    const { client } = copy;
    const { pid: edge } = await eventually('it has an edge', async () => {
      const status = await client.call('edgeStatus');
      return status.isRunning ? status : null;
    });
    assert.notEqual(edge, before.edge);
    assert.deepEqual(await lookAtOriginal(), before);
    await copy.down();
    assert.deepEqual(processesIn('copy'), []);
    assert.deepEqual(await lookAtOriginal(), before);
  });

  test('reached by another path is the original: it finds what runs', async () => {
    const before = await lookAtOriginal();
    await stage.killAgent();
    const link = join(stage.folder, 'link');
    symlinkSync(join(stage.folder, 'state'), link);
    const [program = '', ...args] = agentCommand();
    const env = { ...stage.env, REEVE_HOME: link };
    spawn(program, args, { env, stdio: 'ignore', detached: true }).unref();
    await eventually('it answers', () => stage.client.call('agentStatus'), 30_000);
    const { agent: _other, ...found } = await lookAtOriginal();
    const { agent: _one, ...had } = before;
    assert.deepEqual(found, had);
  });
});
