import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { LockRecord } from '../../src/model/lock.ts';
import { eventually, isRunning } from '../worlds/conditions.ts';

const project = resolve(import.meta.dirname, '../..');
const reeve = join(project, 'bin/reeve');

type Answer = { outcome?: string; record?: LockRecord; error?: { code: string } };

describe('the lock commands', () => {
  let home: string;
  const children: ChildProcess[] = [];
  const strays: number[] = [];
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'reeve-lock-'));
  });
  afterEach(() => {
    for (const pid of strays.splice(0)) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
    for (const child of children.splice(0)) child.kill('SIGKILL');
    rmSync(home, { recursive: true });
  });

  const start = (program: string, args: readonly string[], cwd = home): ChildProcess => {
    const env = { ...process.env, REEVE_HOME: home, NO_COLOR: '1' };
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    return child;
  };
  const toEnd = (child: ChildProcess): Promise<{ code: number | null; text: string; out: string }> =>
    new Promise((done) => {
      let text = '';
      let out = '';
      child.stdout!.on('data', (chunk: Buffer) => ((text += chunk.toString()), (out += chunk.toString())));
      child.stderr!.on('data', (chunk: Buffer) => (text += chunk.toString()));
      child.on('close', (code) => done({ code, text, out }));
    });
  const lock = (...args: string[]) => toEnd(start(reeve, ['--stack', 'shop', 'lock', ...args]));
  const status = async () =>
    JSON.parse((await lock('status', '--json')).out) as LockRecord & { holderLives: boolean | null };
  /** A run that writes its pid to a file and then stays. */
  const startRun = async (script: string): Promise<{ wrapper: ChildProcess; pid: number }> => {
    const file = join(home, 'pid');
    const body = `echo $$ > ${file}.new; mv ${file}.new ${file}; ${script}`;
    const wrapper = start(reeve, [
      '--stack',
      'shop',
      'lock',
      'run',
      '--task',
      'dump',
      '--',
      'sh',
      '-c',
      body,
    ]);
    const pid = await eventually(
      'the command runs',
      () => existsSync(file) && Number(readFileSync(file, 'utf8')),
    );
    strays.push(pid);
    return { wrapper, pid };
  };

  it('go through every transition with the exit codes of P8 when a shell script uses them without an agent', async () => {
    const { code, text } = await toEnd(start(join(project, 'test/programs/lock-transitions.sh'), [reeve]));
    assert.equal(text, '');
    assert.equal(code, 0);
  });

  it('give every outcome as data, and every refusal with its code, when they are asked for JSON', async () => {
    const answer = async (...args: string[]) => JSON.parse((await lock(...args, '--json')).out) as Answer;
    const taken = await answer('acquire', 'export', '--task', 'nightly', '--pid', String(process.pid));
    assert.deepEqual([taken.outcome, taken.record?.owner], ['acquired', 'export']);
    const again = await answer('acquire', 'export', '--task', 'nightly', '--pid', String(process.pid));
    assert.equal(again.outcome, 'already-held');
    const codes: Readonly<Record<string, readonly string[]>> = {
      'lock.held': ['acquire', 'deploy', '--task', 't'],
      'lock.not-obtained': ['acquire', 'deploy', '--task', 't', '--wait', '10ms'],
      'lock.not-holder': ['release', '--task', 't'],
      'lock.no-process': ['acquire', 'deploy', '--task', 't', '--pid', '999999999'],
    };
    for (const [code, args] of Object.entries(codes)) assert.equal((await answer(...args)).error?.code, code);
    assert.equal((await answer('release', '--task', 'nightly')).outcome, 'released');
    assert.equal((await answer('release', '--task', 'nightly')).outcome, 'was-free');
  });

  it('find the stack by its file when they run below it', async () => {
    writeFileSync(join(home, 'reeve.yaml'), 'name: blog\n');
    const found = await toEnd(start(reeve, ['lock', 'status', '--json']));
    assert.equal((JSON.parse(found.out) as LockRecord).stack, 'blog');
    assert.equal(existsSync(join(home, 'reeve.db')), false, 'looking makes no database');
  });

  it('hang the lock on the command itself, so that it stays when the wrapper is killed and is stale after it', async () => {
    const { wrapper, pid } = await startRun('exec sleep 1000');
    wrapper.kill('SIGKILL');
    await eventually('the wrapper is gone', () => wrapper.signalCode !== null);
    const held = await status();
    assert.deepEqual([held.owner, held.holder?.process?.pid, held.holderLives], ['export', pid, true]);
    assert.equal((await lock('acquire', 'deploy', '--task', 'change-1')).code, 2);
    process.kill(pid, 'SIGKILL');
    await eventually('the command is gone', () => !isRunning(pid));
    assert.equal((await status()).holderLives, false);
    assert.equal((await lock('acquire', 'deploy', '--task', 'change-1')).code, 0);
    assert.equal((await status()).takenOverFrom?.task, 'dump');
  });

  it('free the lock and end as the command does when the command is killed', async () => {
    const { wrapper, pid } = await startRun('exec sleep 1000');
    const ended = toEnd(wrapper);
    process.kill(pid, 'SIGKILL');
    assert.equal((await ended).code, 137);
    assert.equal((await status()).owner, 'free');
  });

  it('forward signals to the command and free the lock when it ends by its own rules', async () => {
    const ready = join(home, 'ready');
    const { wrapper } = await startRun(`trap "exit 5" TERM; touch ${ready}; while :; do sleep 0.05; done`);
    const ended = toEnd(wrapper);
    await eventually('the command has its own rules', () => existsSync(ready));
    wrapper.kill('SIGTERM');
    assert.equal((await ended).code, 5);
    assert.equal((await status()).owner, 'free');
  });

  it('let one run after the other when both want the lock for the same task', async () => {
    const log = join(home, 'log');
    const script = `echo in >> ${log}; sleep 0.3; echo out >> ${log}`;
    const run = () => lock('run', '--task', 'dump', '--wait', '20s', '--', 'sh', '-c', script);
    const ended = await Promise.all([run(), run()]);
    assert.deepEqual(
      ended.map(({ code }) => code),
      [0, 0],
    );
    assert.equal(readFileSync(log, 'utf8'), 'in\nout\nin\nout\n');
  });

  it('run nothing when the wrapper is killed while it waits for the lock', async () => {
    await lock('acquire', 'deploy', '--task', 'change-1');
    const ran = join(home, 'ran');
    const wrapper = start(reeve, ['--stack', 'shop', 'lock', 'run', '--wait', '60s', '--', 'touch', ran]);
    const ended = toEnd(wrapper);
    await eventually('it waits', () => wrapper.pid !== undefined && readChildren(wrapper.pid).length > 0);
    const [gate] = readChildren(wrapper.pid!);
    wrapper.kill('SIGKILL');
    await ended;
    await eventually('the gate is gone', () => !isRunning(gate!));
    await lock('release', '--task', 'change-1');
    assert.equal(existsSync(ran), false);
  });

  it('tell that the lock was taken away when it was released by force while the command ran', async () => {
    const { wrapper, pid } = await startRun('exec sleep 1000');
    const ended = toEnd(wrapper);
    assert.equal((await lock('release', '--force', '--yes-i-mean', 'export')).code, 0);
    process.kill(pid, 'SIGTERM');
    const { code, text } = await ended;
    assert.equal(code, 143);
    assert.match(text, /lock was taken away/);
  });
});

// Of the main thread, which is the one that forks (proc(5)).
const readChildren = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
