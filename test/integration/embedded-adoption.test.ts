import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Exit } from '../../src/model/health.ts';
import type { RunFact, RunRef, RunSpec, StartOutcome } from '../../src/ports/driver.ts';
import { eventually, isRunning } from '../worlds/conditions.ts';
import { type EmbeddedWorld, openEmbeddedWorld } from '../worlds/driver-worlds.ts';

const AGENT = resolve(import.meta.dirname, '../worlds/driver-agent.ts');

/** What an agent started that was then killed with SIGKILL, the way a crash or the kernel does it. */
const startAndCrash = async (
  world: EmbeddedWorld,
  specs: readonly RunSpec[],
): Promise<readonly RunFact[]> => {
  const agent = spawn(process.execPath, [AGENT, world.home], { stdio: ['pipe', 'pipe', 'inherit'] });
  let answer = '';
  agent.stdout.setEncoding('utf8').on('data', (text: string) => (answer += text));
  agent.stdin.end(JSON.stringify(specs));
  await eventually('the agent has started all', () => answer.endsWith('\n'), 20_000);
  agent.kill('SIGKILL');
  await once(agent, 'exit');
  return (JSON.parse(answer) as StartOutcome[]).map((outcome) => {
    assert.ok(outcome.outcome !== 'failed', JSON.stringify(outcome));
    return outcome.fact;
  });
};

describe('the embedded driver, after its agent was killed', () => {
  let world: EmbeddedWorld;
  beforeEach(async () => (world = await openEmbeddedWorld()));
  afterEach(() => world.close());

  it('finds the same processes, and is told of their ends within milliseconds', async (context) => {
    const started = await startAndCrash(world, [
      world.spec('a', 'forever.sh'),
      world.spec('b', 'forever.sh'),
    ]);
    const facts = await world.driver.adopt();
    assert.deepEqual(facts.toSorted(byId), started.toSorted(byId));
    const { promise, resolve: ended } = Promise.withResolvers<Exit>();
    world.driver.onExit((_ref, exit) => ended(exit));
    const from = performance.now();
    process.kill(facts[0]!.process!.pid, 'SIGKILL');
    assert.equal((await promise).signal, 'SIGKILL');
    context.diagnostic(`told ${(performance.now() - from).toFixed(2)} ms after the kill`);
  });

  it('knows the exit code of one that ended meanwhile, when, and has all of its output', async () => {
    const told = join(world.home, 'told');
    const spec = world.spec('a', 'writes-while-told.sh');
    const before = Date.now();
    await startAndCrash(world, [{ ...spec, command: { argv: [...spec.command.argv, told], shell: false } }]);
    const written = world.output('a').length;
    await eventually('it goes on writing without an agent', () => world.output('a').length > written + 20);
    writeFileSync(told, '');
    await eventually('it ends', () => world.output('a').endsWith('end\n'));
    // The shim may still be writing the exit code down: adoption waits for that.
    const [fact] = await world.driver.adopt();
    assert.deepEqual([fact!.state, fact!.exit!.code, fact!.exit!.signal], ['ended', 7, null]);
    assert.ok(fact!.exit!.at >= before && fact!.exit!.at <= Date.now() + 5);
    const lines = world.output('a').trimEnd().split('\n');
    assert.deepEqual(
      lines.slice(0, -1),
      lines.slice(0, -1).map((_, at) => `line ${at + 1}`),
    );
  });

  it('tells how a run ended that was killed meanwhile', async () => {
    const [fact] = await startAndCrash(world, [world.spec('a', 'forever.sh')]);
    process.kill(fact!.process!.pid, 'SIGTERM');
    await eventually('it is gone', () => !isRunning(fact!.process!.pid));
    const [found] = await world.driver.adopt();
    assert.deepEqual([found!.state, found!.exit?.signal], ['ended', 'SIGTERM']);
  });

  it('says lost when the shim was killed before its program, and notices the end of one that it adopted', async () => {
    const facts = await startAndCrash(world, [world.spec('a', 'forever.sh'), world.spec('b', 'forever.sh')]);
    for (const fact of facts) process.kill(shimOf(world, fact.ref), 'SIGKILL');
    process.kill(facts[0]!.process!.pid, 'SIGKILL');
    await eventually('it is gone', () => !isRunning(facts[0]!.process!.pid));
    const found = (await world.driver.adopt()).toSorted(byId);
    assert.deepEqual(
      found.map((fact) => [fact.state, fact.exit]),
      [
        ['lost', null],
        ['running', null],
      ],
    );
    const exits: Exit[] = [];
    world.driver.onExit((_ref: RunRef, exit) => exits.push(exit));
    process.kill(facts[1]!.process!.pid, 'SIGKILL');
    await eventually('the end is noticed', () => exits.length === 1);
    assert.deepEqual([exits[0]!.code, exits[0]!.signal], [null, null]);
  });

  it('finds a program whose start was noted in half, without waiting for the rest', async () => {
    const [fact] = await startAndCrash(world, [world.spec('a', 'forever.sh')]);
    const record = join('stacks', fact!.ref.stack, 'run', 'a', 'record');
    writeFileSync(join(world.home, record), world.read(record).slice(0, 24));
    const from = performance.now();
    const [found] = await world.driver.adopt();
    assert.deepEqual(found!.process, fact!.process);
    // A shim that has not started its program yet is given 5 s.
    assert.ok(performance.now() - from < 4000, `${performance.now() - from} ms`);
    process.kill(found!.process!.pid, 'SIGKILL');
    await eventually('its end is noticed', async () => (await world.driver.adopt())[0]!.state !== 'running');
  });

  it('adopts many in the time it takes to read their records', async (context) => {
    const specs = Array.from({ length: 40 }, (_, at) => world.spec(`r${at}`, 'forever.sh'));
    await startAndCrash(world, specs);
    const from = performance.now();
    const facts = await world.driver.adopt();
    context.diagnostic(`40 runs adopted in ${(performance.now() - from).toFixed(1)} ms`);
    assert.equal(facts.filter((fact) => fact.state === 'running').length, 40);
  });
});

const byId = (a: RunFact, b: RunFact): number => a.ref.id.localeCompare(b.ref.id);

const shimOf = (world: EmbeddedWorld, { stack, id }: RunRef): number =>
  Number(world.read(join('stacks', stack, 'run', id, 'record')).split(' ')[4]);
