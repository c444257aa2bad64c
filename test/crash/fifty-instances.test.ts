// Fifty instances at work when their agent is killed: the next one has the same, knows within moments how they are, and
// not one line of what they write meanwhile is lost or doubled.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { InstanceStatus } from '../../src/model/health.ts';
import { type Layout, resolveLayout, runFolder } from '../../src/model/layout.ts';
import { identify } from '../../src/kit/process-identity.ts';
import { eventually, isRunning } from '../worlds/conditions.ts';
import { type CrashStage, openCrashStage, processesOfStack } from '../worlds/crash-stage.ts';
import { keepAliveClient } from '../worlds/load/keep-alive-client.ts';
import { startMixedLoad } from '../worlds/load/mixed-load.ts';
import { assertNumbered, countLines, instancesOf, lifeOf, numberedStack } from '../worlds/numbered-stack.ts';
import { sayLoad } from '../worlds/proof-load.ts';
import { median, writeProof } from '../worlds/proof-report.ts';

const NAME = 'fifty';
const COPIES = 49;
const TIMES = 3;
const KNOWN_WITHIN_MS = 3_000;
/** Whose number a stranger has got when the next agent comes. */
const REUSED = 'numbered-49-blue';

describe('an agent that comes after one that was killed with fifty instances at work', () => {
  let stage: CrashStage;
  let layout: Layout;
  let earlier: ReadonlyMap<string, InstanceStatus>;
  let stranger: ChildProcess | null = null;

  const numbered = (): readonly InstanceStatus[] =>
    [...earlier.values()].filter(({ service }) => service === 'numbered');
  const shimAndProgram = (): readonly string[] =>
    [...earlier.keys()].flatMap((id) => [`${id} program`, `${id} shim`]).toSorted();

  before(async () => {
    stage = await openCrashStage({ stack: NAME, files: numberedStack(NAME, COPIES) });
    layout = resolveLayout(stage.env, process.getuid?.() ?? 0);
    await stage.ensureAgent();
    await stage.make(stage.deployNext());
    earlier = await eventually('all are healthy', async () => {
      const found = await instancesOf(stage);
      return [...found.values()].every(({ health }) => health === 'healthy') ? found : null;
    });
    assert.equal(earlier.size, COPIES + 1);
  });

  after(async () => {
    stranger?.kill('SIGKILL');
    await stage.close();
  });

  /** One agent less, and the next one: milliseconds from its start to its first answer, and from there to knowing. */
  const replaceAgent = async (): Promise<{ readonly answersMs: number; readonly knowsMs: number }> => {
    const written = new Map(numbered().map(({ id }) => [id, countLines(layout, NAME, id)]));
    await stage.killAgent();
    await eventually('all write on without an agent', () =>
      numbered().every(({ id }) => countLines(layout, NAME, id) > written.get(id)!),
    );
    const startedAt = performance.now();
    stage.launchAgent();
    await eventually('it answers', () => stage.client.call('agentStatus'), 30_000);
    const answeredAt = performance.now();
    await eventually(
      'it knows that all are healthy',
      async () => [...(await instancesOf(stage)).values()].every(({ health }) => health === 'healthy'),
      30_000,
    );
    return {
      answersMs: Math.round(answeredAt - startedAt),
      knowsMs: Math.round(performance.now() - answeredAt),
    };
  };

  test(`has the same processes, and knows within ${KNOWN_WITHIN_MS / 1000} s that they are healthy`, async (t) => {
    const load = startMixedLoad(
      { port: stage.edgePort, host: `${NAME}.localhost` },
      Array.from({ length: 4 }, (_, at) => keepAliveClient(`client ${at + 1}`, 20)),
    );
    const found: { readonly answersMs: number; readonly knowsMs: number }[] = [];
    for (let time = 1; time <= TIMES; time += 1) {
      found.push(await replaceAgent());
      const lives = [...(await instancesOf(stage)).values()].map(lifeOf);
      assert.deepEqual(lives, [...earlier.values()].map(lifeOf));
      assert.deepEqual(processesOfStack(stage), shimAndProgram());
    }
    const report = await load.stop();
    sayLoad(t, report);
    const figures = {
      instances: earlier.size,
      agentsKilled: TIMES,
      answersMs: median(found.map(({ answersMs }) => answersMs)),
      healthKnownMs: median(found.map(({ knowsMs }) => knowsMs)),
      healthKnownSlowestMs: Math.max(...found.map(({ knowsMs }) => knowsMs)),
      requests: report.requests,
      failed: report.failed,
    };
    t.diagnostic(JSON.stringify(figures));
    writeProof('adoption', figures);
    assert.equal(report.failed, 0, report.reasons.join('\n'));
    assert.ok(report.requests > 0);
    assert.ok(figures.healthKnownSlowestMs <= KNOWN_WITHIN_MS, `${figures.healthKnownSlowestMs} ms`);
  });

  test('never takes a stranger for the instance whose number it has got, and starts that one anew', async () => {
    const { pid } = earlier.get(REUSED)!;
    const record = join(runFolder(layout, NAME), REUSED, 'record');
    await stage.killAgent();
    // The line of the program: "started GENERATION PID START-TIME SHIM-PID SHIM-START-TIME".
    const [word, generation, , startTime, shim, shimTime] = readFileSync(record, 'utf8').split(/[ \n]/);
    process.kill(Number(shim), 'SIGKILL');
    process.kill(pid!, 'SIGKILL');
    await eventually('it is gone', () => !isRunning(pid!) && !isRunning(Number(shim)));
    stranger = spawn('sleep', ['100000'], { detached: true, stdio: 'ignore' });
    await once(stranger, 'spawn');
    assert.notEqual(identify(stranger.pid!)!.startTicks, Number(startTime));
    writeFileSync(record, `${[word, generation, stranger.pid, startTime, shim, shimTime].join(' ')}\n`);
    await stage.ensureAgent();
    const now = await eventually('it runs again', async () => {
      const found = await instancesOf(stage);
      return found.get(REUSED)?.health === 'healthy' ? found : null;
    });
    assert.notEqual(now.get(REUSED)!.pid, stranger.pid);
    assert.ok(isRunning(stranger.pid!));
    const others = (all: Iterable<InstanceStatus>): readonly string[] =>
      [...all].filter(({ id }) => id !== REUSED).map(lifeOf);
    assert.deepEqual(others(now.values()), others(earlier.values()));
    assert.deepEqual(processesOfStack(stage), shimAndProgram());
  });

  test('finds every line that was written under four agents and without one, once and in order', async (t) => {
    const { id } = numbered()[0]!;
    const lines = await assertNumbered(
      layout,
      NAME,
      numbered().filter((one) => one.id !== REUSED),
    );
    t.diagnostic(`${lines} lines of ${COPIES - 1} instances`);
    const shown = await stage.reeve('logs', id, '--tail', '1000000', '--json');
    const numbers = [...shown.stdout.matchAll(/"line (\d+)"/g)].map(([, number]) => Number(number));
    assert.equal(numbers.length, countLines(layout, NAME, id));
    assert.deepEqual(
      numbers,
      numbers.map((_, at) => at + 1),
    );
  });

  test('ends all that is its own when the stack is taken down, and no stranger', async () => {
    await stage.make({ want: 'down', stack: NAME, purge: false });
    assert.deepEqual(processesOfStack(stage), []);
    assert.ok(isRunning(stranger!.pid!));
  });
});
