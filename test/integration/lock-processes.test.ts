import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isAlive } from '../../src/kit/process-identity.ts';
import { openStore } from '../../src/store/open-store.ts';

const program = join(import.meta.dirname, '../programs/acquire-lock.ts');

describe('the lock between processes', () => {
  let folder: string;
  let path: string;
  const children: ChildProcess[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'reeve-lock-'));
    path = join(folder, 'reeve.db');
  });
  afterEach(async () => {
    await Promise.all(children.splice(0).map((child) => end(child, 'SIGKILL')));
    rmSync(folder, { recursive: true });
  });

  const start = (owner: string): ChildProcess => {
    const child = spawn(process.execPath, [program, path, owner], { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    return child;
  };
  const answer = (child: ChildProcess): Promise<string> =>
    new Promise((resolve, reject) => {
      child.stdout!.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
      child.once('exit', (code) => reject(new Error(`ended with ${code} before it answered`)));
    });
  const end = (child: ChildProcess, signal?: NodeJS.Signals): Promise<void> =>
    new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once('close', () => resolve());
      if (signal) child.kill(signal);
      else child.stdin!.end();
    });

  it('is won by exactly one when 20 processes want it at once, and the database is made by them too', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => answer(start(`owner-${n}`))));
    assert.equal(answers.filter((it) => it === 'acquired 1').length, 1, answers.join(', '));
    assert.equal(answers.filter((it) => it === 'contended 1').length, 19, answers.join(', '));
  });

  it('is taken over when its holder was killed, and not before', async () => {
    const first = start('export');
    assert.equal(await answer(first), 'acquired 1');
    assert.equal(await answer(start('deploy')), 'contended 1');
    await end(first, 'SIGKILL');
    assert.equal(await answer(start('deploy')), 'taken-over 2');
    const store = openStore(path, {
      redactor: { learn: () => {}, redact: (text) => text },
      isAlive,
      clock: { now: Date.now },
    });
    const { owner, takenOverFrom } = store.lock.read('shop');
    assert.deepEqual([owner, takenOverFrom?.owner], ['deploy', 'export']);
    store.close();
  });
});
