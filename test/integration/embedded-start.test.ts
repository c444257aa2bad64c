import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openEmbeddedDriver } from '../../src/drivers/embedded/embedded-driver.ts';
import { findTools } from '../../src/drivers/embedded/tools.ts';
import { ERROR_CATALOGUE } from '../../src/model/error-catalogue.ts';
import { Failure } from '../../src/model/error.ts';
import type { RunSpec } from '../../src/ports/driver.ts';
import { eventually, isRunning } from '../worlds/conditions.ts';
import { type EmbeddedWorld, NO_LIMITS, openEmbeddedWorld } from '../worlds/driver-worlds.ts';

const isRoot = process.getuid?.() === 0;

describe('starting a run with the embedded driver', () => {
  let world: EmbeddedWorld;
  beforeEach(async () => (world = await openEmbeddedWorld()));
  afterEach(() => world.close());

  const start = async (change: Partial<RunSpec>, driver = world.driver) =>
    (await driver.start([world.spec('a', 'forever.sh', change)]))[0]!;
  const refused = async (change: Partial<RunSpec>) => {
    const outcome = await start(change);
    assert.ok(outcome.outcome === 'failed', outcome.outcome);
    assert.ok(outcome.code in ERROR_CATALOGUE, outcome.code);
    assert.deepEqual(await world.driver.observe(null), []);
    return outcome;
  };
  const program = (...argv: string[]): Partial<RunSpec> => ({ command: { argv, shell: false } });
  const shell = (line: string): Partial<RunSpec> => ({ command: { argv: [line], shell: true } });
  const file = (name: string, text: string, mode = 0o755): string => {
    const path = join(world.home, name);
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  };
  const outputOf = async (change: Partial<RunSpec>): Promise<string> => {
    assert.equal((await start(change)).outcome, 'started');
    await eventually('it ended', async () => (await world.driver.observe('zoo'))[0]?.state === 'ended');
    return world.output('a');
  };

  it('refuses a program that is not there, and says where it looked', async () => {
    assert.deepEqual(await refused(program('./server')), {
      ref: { stack: 'zoo', id: 'a' },
      outcome: 'failed',
      code: 'run.no-program',
      words: `no such file: ./server, seen from ${world.home}`,
    });
    const absent = await refused({ ...program('no-such-program'), env: { PATH: '/bin:/sbin' } });
    assert.equal(absent.words, 'no such file: no-such-program, searched in PATH (/bin:/sbin)');
  });

  it('refuses a program that is not executable, and a folder', async () => {
    const path = file('script', 'echo hello\n', 0o644);
    assert.deepEqual(
      [(await refused(program(path))).code, (await refused(program(path))).words],
      ['run.not-executable', `not executable: ${path}`],
    );
    assert.equal((await refused(program('/tmp'))).code, 'run.no-program');
  });

  it('refuses a script whose interpreter is not there, and names both', async () => {
    const path = file('script', '#!/opt/none/python3 -u\n');
    const { code, words } = await refused(program(path));
    assert.deepEqual(
      [code, words],
      ['run.no-program', `no such interpreter: /opt/none/python3, named in the first line of ${path}`],
    );
  });

  it('refuses a working folder that is not there', async () => {
    assert.equal((await refused({ workingFolder: '/no/such/folder' })).code, 'run.no-folder');
  });

  it('refuses a variable that would get lost on its way through a shell', async () => {
    const { code, words } = await refused({ env: { 'discovery.type': 'single' } });
    assert.equal(code, 'run.environment');
    assert.match(words, /"discovery\.type"/);
  });

  it('refuses arguments that the kernel does not take, and leaves no record', async () => {
    assert.equal((await refused(program('/bin/echo', 'x'.repeat(1 << 20)))).code, 'run.not-started');
    assert.equal((await refused(program('/bin/echo', 'a\0b'))).code, 'run.not-started');
  });

  it('fails clearly, with nothing left running, when the run folder can not be written', async () => {
    const path = join(world.home, 'stacks', 'zoo', 'run', 'a');
    mkdirSync(join(path, 'spec.json'), { recursive: true });
    assert.match((await refused({})).words, /EISDIR|directory/);
    rmSync(path, { recursive: true });
    mkdirSync(join(path, 'record'), { recursive: true });
    const outcome = await start({});
    assert.ok(outcome.outcome === 'failed');
    assert.deepEqual([outcome.code, await world.driver.observe(null)], ['run.not-started', []]);
    assert.match(outcome.words, /disk may be full/);
  });

  it('fails clearly when the output can not be written', async () => {
    assert.match((await refused({ stdoutPath: '/proc/none.out' })).words, /\/proc\/none\.out/);
    assert.match((await refused({ stderrPath: world.home })).words, /EISDIR/);
  });

  it('gives a program its environment and a marker, and nothing of the agent', async () => {
    const env = { PATH: '/usr/bin:/bin', QUOTED: `a 'b' "c" $d \\ \n e`, reeve: '1' };
    const text = await outputOf({ ...program('/usr/bin/env', '-0'), env });
    const got = Object.fromEntries(text.split('\0').map((line) => [line.split('=')[0]!, line]));
    assert.equal(got.QUOTED, `QUOTED=${env.QUOTED}`);
    assert.match(got.REEVE_RUN!, /^REEVE_RUN=zoo\/a\/[0-9a-f]{12}$/);
    assert.deepEqual(
      Object.keys(got)
        .filter((name) => name !== '' && name !== 'PWD' && name !== '_')
        .toSorted(),
      ['PATH', 'QUOTED', 'REEVE_RUN', 'reeve'],
    );
  });

  it('starts a program in its own session, with default signals and without input', async () => {
    const text = await outputOf(
      shell('cat; cut -d" " -f5,6 /proc/$$/stat; grep SigIgn /proc/$$/status; echo $$'),
    );
    const [ids, ignored, pid] = text.trim().split('\n');
    assert.equal(ids, `${pid} ${pid}`);
    assert.match(ignored!, /0{16}$/);
  });

  it('appends to the output, and knows where the output of this start begins', async () => {
    await outputOf(shell('echo first'));
    const second = await start(shell('echo second; echo oops >&2'));
    assert.ok(second.outcome === 'started');
    assert.deepEqual([second.fact.stdoutStart, second.fact.stderrStart], ['first\n'.length, 0]);
    await eventually('both are there', () => world.output('a') === 'first\nsecond\n');
  });

  it('tells an exit code above 128 from a signal', async () => {
    await outputOf(shell('exit 137'));
    assert.deepEqual((await world.driver.observe('zoo'))[0]!.exit!.code, 137);
    await outputOf(shell('kill -SEGV $$'));
    assert.deepEqual((await world.driver.observe('zoo'))[0]!.exit!.signal, 'SIGSEGV');
  });

  it('works where the filesystem has no FIFOs, by looking', async () => {
    const tools = { ...findTools(), mkfifo: null };
    const driver = await openEmbeddedDriver({ layout: world.layout, tools });
    const started = await start({}, driver);
    assert.ok(started.outcome === 'started', JSON.stringify(started));
    const exits: unknown[] = [];
    driver.onExit((_ref, exit) => exits.push(exit.signal));
    process.kill(started.fact.process!.pid, 'SIGKILL');
    await eventually('the end is told', () => exits.length === 1);
    assert.deepEqual(exits, ['SIGKILL']);
    await driver.forget([{ stack: 'zoo', id: 'a' }]);
    await driver.close();
  });

  it('refuses to open when the host lacks a tool that nothing works without', () => {
    assert.throws(
      () => findTools({ folders: ['/nowhere'] }),
      (error) => error instanceof Failure && error.report.code === 'driver.tool-missing',
    );
  });

  it('starts many in one batch', async (context) => {
    const specs = Array.from({ length: 50 }, (_, at) => world.spec(`r${at}`, 'forever.sh'));
    const from = performance.now();
    const outcomes = await world.driver.start(specs);
    context.diagnostic(`50 started in ${(performance.now() - from).toFixed(0)} ms`);
    assert.ok(outcomes.every(({ outcome }) => outcome === 'started'));
  });

  it('refuses a user that does not exist, and any other user when the agent is not root', async () => {
    assert.equal((await refused({ user: 'no-such-user' })).code, 'run.user');
    assert.equal((await refused({ user: '--init-groups' })).code, 'run.user');
    assert.equal((await start({ user: userInfo().username })).outcome, 'started');
  });

  it(
    'runs a program as another user, with its groups and home',
    { skip: !isRoot && 'only root may' },
    async () => {
      chmodSync(world.home, 0o755);
      const env = { PATH: '/usr/bin:/bin', HOME: process.env.HOME ?? '/root', LD_BIND_NOW: '1' };
      const line = 'id -un; id -Gn; echo $HOME $USER $LOGNAME $LD_BIND_NOW; echo again >>/dev/stdout';
      const text = await outputOf({ ...shell(line), env, user: 'nobody', workingFolder: '/' });
      assert.equal(text, 'nobody\nnogroup\n/nonexistent nobody nobody 1\nagain\n');
      assert.equal(statSync(join(world.home, 'logs', 'a.out')).uid, 65_534);
    },
  );

  it(
    'asks the kernel what another user may run and reach',
    { skip: !isRoot && 'only root may' },
    async () => {
      chmodSync(world.home, 0o755);
      const path = file('mine', '#!/bin/sh\n', 0o700);
      const other = { user: 'nobody', workingFolder: '/' };
      assert.equal((await refused({ ...program(path), ...other })).code, 'run.not-executable');
      mkdirSync(join(world.home, 'closed'), { mode: 0o700 });
      const closed = { ...program('/bin/true'), user: 'nobody', workingFolder: join(world.home, 'closed') };
      assert.equal((await refused(closed)).code, 'run.no-folder');
    },
  );

  it('holds a program to its memory limit by the kernel, and says that it ran out of it', async (context) => {
    if (world.driver.capabilities.memoryLimit !== 'kernel')
      return context.skip('no control group with a memory controller here');
    const limits = { ...NO_LIMITS, memoryBytes: 128 << 20 };
    const grows = program(process.execPath, join(import.meta.dirname, '../programs/grows.ts'));
    assert.equal((await start({ ...grows, limits })).outcome, 'started');
    const fact = await eventually(
      'the kernel ends it',
      async () => (await world.driver.observe('zoo')).find(({ state }) => state === 'ended'),
      30_000,
    );
    assert.deepEqual([fact.exit!.signal, fact.exit!.ranOutOfMemory], ['SIGKILL', true]);
  });

  it('names the memory limit when it is too small for anything to begin', async (context) => {
    if (world.driver.capabilities.memoryLimit !== 'kernel')
      return context.skip('no control group with a memory controller here');
    const { code, words } = await refused({ limits: { ...NO_LIMITS, memoryBytes: 4096 } });
    assert.deepEqual(
      [code, words],
      ['run.limits', 'it ran out of memory before it began, a higher limit is required'],
    );
  });

  it('holds a program to its number of tasks by the kernel', async (context) => {
    if (!world.driver.capabilities.taskLimit)
      return context.skip('no control group with a pids controller here');
    const limits = { ...NO_LIMITS, tasks: 3 };
    await outputOf({ ...shell('for i in 1 2 3 4 5 6; do sleep 1 & done; echo all'), limits });
    assert.equal(world.output('a'), '');
  });

  it('refuses a limit that the kernel does not take', async (context) => {
    if (!world.driver.capabilities.taskLimit)
      return context.skip('no control group with a pids controller here');
    assert.equal((await refused({ limits: { ...NO_LIMITS, tasks: -5 } })).code, 'run.limits');
  });

  it('leaves no control group behind', async (context) => {
    const [fact] = (await world.driver.start([world.spec('a', 'forever.sh')])).map((one) =>
      one.outcome === 'started' ? one.fact : null,
    );
    const record = JSON.parse(world.read('stacks/zoo/run/a/spec.json')) as { cgroup: Record<string, string> };
    if (Object.keys(record.cgroup).length === 0) context.diagnostic('no control groups here');
    await world.driver.stop([{ ref: { stack: 'zoo', id: 'a' }, signal: 'SIGTERM', graceMs: 5000 }]);
    assert.equal(isRunning(fact!.process!.pid), false);
    assert.deepEqual(Object.values(record.cgroup).filter(existsSync), []);
  });
});
