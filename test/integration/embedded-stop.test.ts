import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { readStat } from '../../src/kit/process-identity.ts';
import { eventually, isRunning } from '../worlds/conditions.ts';
import { type EmbeddedWorld, openEmbeddedWorld } from '../worlds/driver-worlds.ts';

const HOSTS: readonly (readonly [name: string, options: { readonly cgroups?: null }])[] = [
  ['with whatever control groups this host lets us have', {}],
  ['without control groups', { cgroups: null }],
];

const groupOf = (pid: number): number | undefined => readStat(pid)?.group;

for (const [name, options] of HOSTS) {
  describe(`stopping a run, ${name}`, () => {
    let world: EmbeddedWorld;
    beforeEach(async () => (world = await openEmbeddedWorld(options)));
    afterEach(() => world.close());

    const start = async (program: string): Promise<number> => {
      const [outcome] = await world.driver.start([world.spec('a', program)]);
      assert.ok(outcome?.outcome === 'started', JSON.stringify(outcome));
      return outcome.fact.process!.pid;
    };
    /** The pid that a program of the zoo prints: of what it leaves behind. */
    const printedPid = (): Promise<number> =>
      eventually('a pid is printed', () => Number(/^(\d+)\n/.exec(world.output('a'))?.[1] ?? 0) || null);
    const stop = async (graceMs = 5000) =>
      (await world.driver.stop([{ ref: { stack: 'zoo', id: 'a' }, signal: 'SIGTERM', graceMs }]))[0]!;

    for (const [program, strays] of [
      ['leaks-grandchild.sh', 0],
      ['setsid-grandchild.sh', 1],
      ['daemon-grandchild.sh', 1],
      ['clean-daemon.sh', 1],
    ] as const) {
      it(`leaves nothing of ${program}`, async (context) => {
        const pid = await start(program);
        const left = await printedPid();
        assert.ok(isRunning(left));
        // Its pid is known before it has left the group.
        if (strays > 0) await eventually('it left the group', () => groupOf(left) !== groupOf(pid));
        const from = performance.now();
        const outcome = await stop();
        context.diagnostic(`stopped in ${(performance.now() - from).toFixed(1)} ms`);
        assert.equal(outcome.strays, strays);
        assert.deepEqual([isRunning(pid), isRunning(left)], [false, false]);
      });
    }

    it('leaves nothing of a program that ignores SIGTERM, nor of its child', async () => {
      const pid = await start('ignores-sigterm.sh');
      await eventually('it is deaf', () => world.output('a') === 'deaf\n');
      assert.equal((await stop(300)).outcome, 'killed');
      assert.equal(isRunning(pid), false);
    });

    it('lets the rest of the group drain within the grace when the program is a shell that dies first', async () => {
      const line =
        'sh -c \'trap "sleep 0.3; echo drained; exit 0" TERM; echo up; while :; do sleep 0.05; done\' & wait';
      await world.driver.start([world.spec('a', '', { command: { argv: [line], shell: true } })]);
      await eventually('the child is up', () => world.output('a') === 'up\n');
      await stop();
      assert.equal(world.output('a'), 'up\ndrained\n');
    });

    it('ends a program that is suspended', async () => {
      const pid = await start('forever.sh');
      process.kill(pid, 'SIGSTOP');
      assert.equal((await stop()).exit?.signal, 'SIGTERM');
    });

    it('ends a tree whose program ended by itself', async () => {
      await start('abandons-daemon.sh');
      const left = await printedPid();
      const outcome = await stop();
      assert.deepEqual([outcome.outcome, outcome.strays, outcome.exit?.code], ['killed', 1, 0]);
      assert.equal(isRunning(left), false);
    });

    it('keeps the exit code when the shim was told to end first', async () => {
      const pid = await start('forever.sh');
      const shim = Number(world.read('stacks/zoo/run/a/record').split(' ')[4]);
      process.kill(shim, 'SIGTERM');
      process.kill(pid, 'SIGTERM');
      await eventually(
        'the end is known',
        async () => (await world.driver.observe('zoo'))[0]!.state === 'ended',
      );
      assert.equal((await world.driver.observe('zoo'))[0]!.exit!.signal, 'SIGTERM');
    });

    it('still ends the program when its shim was killed', async () => {
      const pid = await start('forever.sh');
      process.kill(Number(world.read('stacks/zoo/run/a/record').split(' ')[4]), 'SIGKILL');
      const outcome = await stop();
      assert.notEqual(outcome.outcome, 'was-not-running');
      assert.equal(isRunning(pid), false);
    });

    it('stops programs that each leave a daemon behind, all at the same time', async (context) => {
      const ids = Array.from({ length: 20 }, (_, at) => `r${at}`);
      await world.driver.start(ids.map((id) => world.spec(id, 'daemon-grandchild.sh')));
      await eventually('all daemons are there', () => ids.every((id) => world.output(id) !== ''));
      const left = ids.map((id) => Number(world.output(id)));
      const from = performance.now();
      const outcomes = await world.driver.stop(
        ids.map((id) => ({ ref: { stack: 'zoo', id }, signal: 'SIGTERM', graceMs: 5000 })),
      );
      context.diagnostic(`20 trees stopped in ${(performance.now() - from).toFixed(1)} ms`);
      assert.deepEqual(new Set(outcomes.map(({ strays }) => strays)), new Set([1]));
      assert.deepEqual(left.filter(isRunning), []);
    });
  });
}
