// What every driver promises (ports/driver.ts), tried on each of them.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Exit } from '../../src/model/health.ts';
import { type Driver, type RunFact, runKey, type RunRef, type StartOutcome } from '../../src/ports/driver.ts';
import { eventually } from '../worlds/conditions.ts';
import { type DriverWorld, openEmbeddedWorld, openFakeWorld } from '../worlds/driver-worlds.ts';

const DRIVERS: readonly (readonly [name: string, open: () => Promise<DriverWorld>])[] = [
  ['the fake driver', openFakeWorld],
  ['the embedded driver', () => openEmbeddedWorld()],
  ['the embedded driver without control groups', () => openEmbeddedWorld({ cgroups: null })],
];

const ref = (id: string): RunRef => ({ stack: 'zoo', id });
const politely = (id: string, graceMs = 10_000) => ({ ref: ref(id), signal: 'SIGTERM' as const, graceMs });

const factOf = (outcome: StartOutcome | undefined): RunFact => {
  assert.ok(outcome && outcome.outcome !== 'failed', JSON.stringify(outcome));
  return outcome.fact;
};

const codeOf = (outcome: StartOutcome | undefined): string | null =>
  outcome?.outcome === 'failed' ? outcome.code : null;

for (const [name, open] of DRIVERS) {
  describe(name, () => {
    let world: DriverWorld;
    let driver: Driver;
    let exits: { readonly ref: RunRef; readonly exit: Exit }[];

    const listen = (to: Driver): void => {
      driver = to;
      exits = [];
      driver.onExit((ended, exit) => exits.push({ ref: ended, exit }));
    };
    const observe = async (id: string): Promise<RunFact | undefined> =>
      (await driver.observe('zoo')).find((fact) => fact.ref.id === id);
    const startOne = async (id: string, program: string) =>
      factOf((await driver.start([world.spec(id, program)]))[0]);
    const exitOf = (id: string) =>
      eventually(`${id} is told to have ended`, () => exits.find((one) => one.ref.id === id)?.exit);

    beforeEach(async () => {
      world = await open();
      listen(world.driver);
    });
    afterEach(() => world.close());

    it('starts a run and says what it started', async () => {
      const before = Date.now();
      const fact = await startOne('web-1-blue', 'forever.sh');
      assert.deepEqual(
        { ref: fact.ref, state: fact.state, fingerprint: fact.fingerprint, exit: fact.exit },
        {
          ref: ref('web-1-blue'),
          state: 'running',
          fingerprint: world.spec('web-1-blue', 'forever.sh').fingerprint,
          exit: null,
        },
      );
      assert.ok(fact.process!.pid > 1 && fact.process!.startTicks > 0 && fact.process!.bootId !== '');
      if (world.name !== 'fake') assert.ok(fact.startedAt >= before && fact.startedAt <= Date.now());
      assert.deepEqual(await observe('web-1-blue'), fact);
    });

    it('answers already-running, with the same process, when the same run is started again', async () => {
      const first = await startOne('web-1-blue', 'forever.sh');
      const [again] = await driver.start([world.spec('web-1-blue', 'forever.sh')]);
      assert.equal(again!.outcome, 'already-running');
      assert.deepEqual(factOf(again).process, first.process);
    });

    it('starts a run once when two ask for it at the same time', async () => {
      const spec = world.spec('web-1-blue', 'forever.sh');
      const outcomes = (await Promise.all([driver.start([spec]), driver.start([spec])])).flat();
      assert.deepEqual(outcomes.map(({ outcome }) => outcome).toSorted(), ['already-running', 'started']);
      assert.deepEqual(factOf(outcomes[0]).process, factOf(outcomes[1]).process);
    });

    it('refuses with run.exists when another run is in its place, and leaves that alone', async () => {
      const first = await startOne('web-1-blue', 'forever.sh');
      const [other] = await driver.start([
        world.spec('web-1-blue', 'forever.sh', { fingerprint: 'another' }),
      ]);
      assert.equal(codeOf(other), 'run.exists');
      assert.deepEqual((await observe('web-1-blue'))!.process, first.process);
    });

    it('starts the others when one of a batch can not be started, in the order of the batch', async () => {
      const outcomes = await driver.start([
        world.spec('a', 'forever.sh'),
        world.spec('b', 'no-such-program'),
        world.spec('c', 'forever.sh'),
      ]);
      assert.deepEqual(
        outcomes.map((one) => [one.ref.id, one.outcome]),
        [
          ['a', 'started'],
          ['b', 'failed'],
          ['c', 'started'],
        ],
      );
      const failed = outcomes[1]!;
      assert.ok(failed.outcome === 'failed' && failed.code === 'run.no-program');
      assert.match(failed.words, /no-such-program/);
      assert.equal(await observe('b'), undefined);
    });

    it('refuses what is no name, in stack and run', async () => {
      const outcomes = await driver.start([
        world.spec('../../etc', 'forever.sh'),
        world.spec('a', 'forever.sh', { stack: '..' }),
        world.spec('', 'forever.sh'),
      ]);
      for (const one of outcomes) assert.equal(codeOf(one), 'run.name');
    });

    it('tells the end of a program that exits at once, after its start, once, with its code', async () => {
      let isAnswered = false;
      let wasAnswered: boolean | null = null;
      driver.onExit(() => (wasAnswered = isAnswered));
      const starting = driver.start([world.spec('a', 'exits-at-once.sh')]).then((outcomes) => {
        isAnswered = true;
        return outcomes;
      });
      assert.equal(factOf((await starting)[0]).state, 'running');
      const exit = await exitOf('a');
      assert.deepEqual([exit.code, exit.signal, wasAnswered], [3, null, true]);
      const fact = await observe('a');
      assert.deepEqual([fact!.state, fact!.exit!.code], ['ended', 3]);
      await driver.stop([politely('a')]);
      assert.equal(exits.length, 1);
    });

    it('tells the signal when one ended the program', async () => {
      await startOne('a', 'forever.sh');
      await world.killOutside(ref('a'));
      const exit = await exitOf('a');
      assert.deepEqual([exit.code, exit.signal], [null, 'SIGKILL']);
    });

    it('tells nobody who no longer listens', async () => {
      const heard: RunRef[] = [];
      driver.onExit((ended) => heard.push(ended))();
      await startOne('a', 'exits-at-once.sh');
      await exitOf('a');
      assert.deepEqual(heard, []);
    });

    it('starts a run again, as another process, when it has ended', async () => {
      const first = await startOne('a', 'exits-at-once.sh');
      await exitOf('a');
      const second = await startOne('a', 'exits-at-once.sh');
      assert.notDeepEqual(second.process, first.process);
      await eventually('the second end is told', () => exits.length === 2);
    });

    it('stops a run by its signal, and answers was-not-running with the same exit from then on', async () => {
      await startOne('a', 'forever.sh');
      const [stopped] = await driver.stop([politely('a')]);
      assert.deepEqual([stopped!.outcome, stopped!.exit!.signal, stopped!.strays], ['exited', 'SIGTERM', 0]);
      const [again] = await driver.stop([politely('a')]);
      assert.deepEqual([again!.outcome, again!.exit], ['was-not-running', stopped!.exit]);
      assert.equal((await observe('a'))!.state, 'ended');
      assert.equal((await exitOf('a')).signal, 'SIGTERM');
    });

    it('answers was-not-running when it never heard of a run', async () => {
      assert.deepEqual(await driver.stop([politely('a')]), [
        { ref: ref('a'), outcome: 'was-not-running', exit: null, strays: 0 },
      ]);
    });

    it('kills a program that ignores the signal when the grace is over', async () => {
      await startOne('a', 'ignores-sigterm.sh');
      await eventually('it is deaf', () => world.output('a').includes('deaf'));
      const [stopped] = await driver.stop([politely('a', 200)]);
      assert.deepEqual([stopped!.outcome, stopped!.exit!.signal], ['killed', 'SIGKILL']);
    });

    it('kills at once when there is no grace', async () => {
      await startOne('a', 'forever.sh');
      const [stopped] = await driver.stop([politely('a', 0)]);
      assert.deepEqual([stopped!.outcome, stopped!.exit!.signal], ['killed', 'SIGKILL']);
    });

    it('ends a daemon that the program left behind, and counts it', async () => {
      await startOne('a', 'daemon-grandchild.sh');
      await eventually('the daemon is there', () => world.output('a') !== '');
      const [stopped] = await driver.stop([politely('a')]);
      assert.deepEqual([stopped!.outcome, stopped!.strays], ['killed', 1]);
    });

    it('refuses with run.exists while a daemon of the former start is left, until it is stopped', async () => {
      await startOne('a', 'abandons-daemon.sh');
      await exitOf('a');
      await eventually('the daemon is there', () => world.output('a') !== '');
      const [refused] = await driver.start([world.spec('a', 'abandons-daemon.sh')]);
      assert.equal(codeOf(refused), 'run.exists');
      const [stopped] = await driver.stop([politely('a')]);
      assert.deepEqual([stopped!.outcome, stopped!.strays, stopped!.exit!.code], ['killed', 1, 0]);
      await startOne('a', 'forever.sh');
    });

    it('stops many at the same time', async () => {
      const ids = Array.from({ length: 12 }, (_, at) => `r${at}`);
      await driver.start(ids.map((id) => world.spec(id, 'forever.sh')));
      const outcomes = await driver.stop(ids.map((id) => politely(id)));
      assert.deepEqual(
        outcomes.map((one) => [one.ref.id, one.outcome]),
        ids.map((id) => [id, 'exited']),
      );
      await eventually('each end is told once', () => exits.length === ids.length);
    });

    it('sends a signal to a program that runs, and says where none runs', async () => {
      await startOne('a', 'forever.sh');
      assert.equal(await driver.signal(ref('a'), 'SIGINT'), true);
      assert.equal((await exitOf('a')).signal, 'SIGINT');
      assert.equal(await driver.signal(ref('a'), 'SIGINT'), false);
      assert.equal(await driver.signal(ref('b'), 'SIGINT'), false);
    });

    it('forgets runs that ended, and keeps those that run', async () => {
      await driver.start([world.spec('a', 'exits-at-once.sh'), world.spec('b', 'forever.sh')]);
      await exitOf('a');
      await driver.forget([ref('a'), ref('b'), ref('c')]);
      assert.deepEqual(
        (await driver.observe(null)).map((fact) => fact.ref.id),
        ['b'],
      );
      await driver.stop([politely('b')]);
    });

    it('observes one stack or all of them', async () => {
      await driver.start([world.spec('a', 'forever.sh'), world.spec('a', 'forever.sh', { stack: 'farm' })]);
      assert.deepEqual((await driver.observe(null)).map((fact) => runKey(fact.ref)).toSorted(), [
        'farm/a',
        'zoo/a',
      ]);
      assert.deepEqual(
        (await driver.observe('farm')).map((fact) => runKey(fact.ref)),
        ['farm/a'],
      );
      assert.deepEqual(await driver.observe('nowhere'), []);
    });

    it('measures what runs, and nothing else', async () => {
      await driver.start([world.spec('a', 'forever.sh'), world.spec('b', 'exits-at-once.sh')]);
      await exitOf('b');
      const usage = await driver.usage();
      assert.deepEqual([...usage.keys()], ['zoo/a']);
      assert.ok(usage.get('zoo/a')!.rssBytes > 100_000 && usage.get('zoo/a')!.cpuMs >= 0);
    });

    it('is adopted by the next agent: same processes, and their ends are told to it', async () => {
      const fact = await startOne('a', 'forever.sh');
      listen(await world.replaceAgent());
      assert.deepEqual(await driver.adopt(), [fact]);
      const [again] = await driver.start([world.spec('a', 'forever.sh')]);
      assert.equal(again!.outcome, 'already-running');
      await world.killOutside(ref('a'));
      assert.equal((await exitOf('a')).signal, 'SIGKILL');
      assert.equal(exits.length, 1);
    });

    it('tells the next agent how a run ended that ended before, in its facts', async () => {
      await startOne('a', 'exits-at-once.sh');
      await exitOf('a');
      listen(await world.replaceAgent());
      const [fact] = await driver.adopt();
      assert.deepEqual([fact!.state, fact!.exit!.code, exits.length], ['ended', 3, 0]);
    });

    it('stops what the agent before it started', async () => {
      await startOne('a', 'daemon-grandchild.sh');
      await eventually('the daemon is there', () => world.output('a') !== '');
      listen(await world.replaceAgent());
      await driver.adopt();
      const [stopped] = await driver.stop([politely('a')]);
      assert.deepEqual([stopped!.outcome, stopped!.strays, stopped!.exit!.signal], ['killed', 1, 'SIGTERM']);
    });

    it('declares what it can', () => {
      const { capabilities } = driver;
      assert.ok(['kernel', 'sampled', 'none'].includes(capabilities.memoryLimit));
      assert.equal(capabilities.name, world.name);
    });
  });
}
