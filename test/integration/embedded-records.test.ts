// State folders as crashes, power cuts and people leave them.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { identify } from '../../src/kit/process-identity.ts';
import { isRunning } from '../worlds/conditions.ts';
import { type EmbeddedWorld, openEmbeddedWorld } from '../worlds/driver-worlds.ts';

describe('the embedded driver, on a state folder that is not as it was left', () => {
  let world: EmbeddedWorld;
  let strangers: ChildProcess[];
  beforeEach(async () => {
    world = await openEmbeddedWorld();
    strangers = [];
  });
  afterEach(async () => {
    for (const stranger of strangers) stranger.kill('SIGKILL');
    await world.close();
  });

  const folder = (id: string): string => join(world.home, 'stacks', 'zoo', 'run', id);
  const edit = (id: string, file: string, change: (text: string) => string): void =>
    writeFileSync(join(folder(id), file), change(readFileSync(join(folder(id), file), 'utf8')));
  const stranger = (env: Record<string, string> = {}): number => {
    const child = spawn('/bin/sleep', ['100000'], { stdio: 'ignore', env, detached: true });
    strangers.push(child);
    return child.pid!;
  };
  const stop = async (id: string) =>
    (await world.driver.stop([{ ref: { stack: 'zoo', id }, signal: 'SIGTERM', graceMs: 1000 }]))[0]!;
  /** A run that ended, so that nothing of its own is alive. */
  const leaveRecord = async (id: string): Promise<void> => {
    await world.driver.start([world.spec(id, 'forever.sh')]);
    await stop(id);
  };

  it('never takes a stranger for its run when the pid was used again', async () => {
    await leaveRecord('a');
    const pid = stranger();
    edit('a', 'record', (text) => {
      const [word, generation, , , ...shim] = text.split('\n')[0]!.split(' ');
      const ticksBefore = identify(pid)!.startTicks - 1;
      return `${[word, generation, pid, ticksBefore, ...shim].join(' ')}\n`;
    });
    await world.replaceAgent();
    assert.equal((await world.driver.adopt())[0]!.state, 'lost');
    assert.equal((await stop('a')).outcome, 'was-not-running');
    assert.equal(await world.driver.signal({ stack: 'zoo', id: 'a' }, 'SIGKILL'), false);
    assert.ok(isRunning(pid));
  });

  it('takes nothing for running when the records are of another boot', async () => {
    await leaveRecord('a');
    const pid = stranger();
    const { startTicks } = identify(pid)!;
    edit('a', 'spec.json', (text) => JSON.stringify({ ...JSON.parse(text), bootId: 'another-boot' }));
    edit(
      'a',
      'record',
      (text) => `started ${text.split(' ')[1]} ${pid} ${startTicks} ${pid} ${startTicks}\n`,
    );
    await world.replaceAgent();
    assert.equal((await world.driver.adopt())[0]!.state, 'lost');
    await stop('a');
    assert.ok(isRunning(pid));
  });

  it('knows nothing of a start whose agent died before the shim said a word, for its program never began', async () => {
    await leaveRecord('a');
    rmSync(join(folder('a'), 'record'));
    await world.replaceAgent();
    assert.deepEqual(await world.driver.adopt(), []);
    const [again] = await world.driver.start([world.spec('a', 'forever.sh')]);
    assert.equal(again!.outcome, 'started');
  });

  it('says lost when the word of its start is torn, for its program may have run', async () => {
    await leaveRecord('a');
    edit('a', 'record', (text) => text.slice(0, 24));
    await world.replaceAgent();
    const [fact] = await world.driver.adopt();
    assert.deepEqual([fact!.state, fact!.process], ['lost', null]);
  });

  it('finds the program by its marker when agent and shim died before a word of it was written', async () => {
    await leaveRecord('a');
    const { generation } = JSON.parse(readFileSync(join(folder('a'), 'spec.json'), 'utf8')) as {
      generation: string;
    };
    writeFileSync(join(folder('a'), 'record'), '');
    const pid = stranger({ REEVE_RUN: `zoo/a/${generation}` });
    await world.replaceAgent();
    const [fact] = await world.driver.adopt();
    assert.deepEqual([fact!.state, fact!.process!.pid], ['running', pid]);
    await stop('a');
    assert.ok(!isRunning(pid));
  });

  it('does not take for its own what carries the marker of another generation', async () => {
    await leaveRecord('a');
    const pid = stranger({ REEVE_RUN: 'zoo/a/0123456789ab' });
    await stop('a');
    assert.ok(isRunning(pid));
  });

  it('passes over folders that are no runs, and records that are torn', async () => {
    await leaveRecord('a');
    writeFileSync(join(folder('a'), 'spec.json'), '{"version":1,"stack":"zo');
    mkdirSync(folder('b'));
    mkdirSync(folder('NOT A NAME'));
    await world.replaceAgent();
    assert.deepEqual(await world.driver.adopt(), []);
    const outcomes = await world.driver.start([world.spec('a', 'forever.sh'), world.spec('b', 'forever.sh')]);
    assert.deepEqual(
      outcomes.map(({ outcome }) => outcome),
      ['started', 'started'],
    );
  });

  it('ends what runs when its record can not be read, so that no second copy runs beside it', async () => {
    const [polite, stubborn] = await world.driver.start([
      world.spec('a', 'forever.sh'),
      world.spec('b', 'ignores-sigterm.sh'),
    ]);
    const pidOf = (outcome: typeof polite): number =>
      outcome?.outcome === 'started' ? outcome.fact.process!.pid : assert.fail('it was not started');
    const pids = [pidOf(polite), pidOf(stubborn)];
    edit('a', 'spec.json', () => '{"version":1,"stack":"zo');
    edit('b', 'spec.json', (text) => text.replace('"version":1', '"version":99'));
    await world.replaceAgent();
    assert.deepEqual(await world.driver.adopt(), []);
    assert.deepEqual(pids.filter(isRunning), []);
    const [again] = await world.driver.start([world.spec('a', 'forever.sh')]);
    assert.equal(again?.outcome, 'started');
  });

  it('leaves alone what runs from another state folder when this one is a copy of that', async () => {
    const [original] = await world.driver.start([world.spec('a', 'forever.sh')]);
    const copy = await openEmbeddedWorld();
    cpSync(join(world.home, 'stacks'), join(copy.home, 'stacks'), {
      recursive: true,
      filter: (path) => !path.endsWith('/live'),
    });
    assert.deepEqual(await copy.driver.adopt(), []);
    await copy.driver.stop([{ ref: { stack: 'zoo', id: 'a' }, signal: 'SIGKILL', graceMs: 0 }]);
    await copy.close();
    assert.ok(original?.outcome === 'started' && isRunning(original.fact.process!.pid));
  });

  it('writes no variable of the program to disk', async () => {
    const env = { PATH: process.env.PATH!, TOKEN: 'a-very-secret-token' };
    await world.driver.start([world.spec('a', 'forever.sh', { env })]);
    const texts = ['spec.json', 'record'].map((file) => readFileSync(join(folder('a'), file), 'utf8'));
    assert.ok(texts.every((text) => !text.includes('secret')));
  });
});
