import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { canPunchHoles } from '../../src/logs/punch-hole.ts';
import { projectRoot, runProgram } from '../worlds/stage.ts';
import type { Flood } from '../worlds/watch-flood.ts';

const MB = 1024 * 1024;

describe('a log book under a program that writes 2,000,000 lines of 100 bytes', () => {
  it('loses and doubles none, and keeps the disk bounded, while retention runs every 50 ms', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'reeve-logs-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    if (!(await canPunchHoles(folder))) return t.skip('this filesystem can not punch holes');
    const program = join(projectRoot, 'test/worlds/watch-flood.ts');
    const ran = await runProgram(process.execPath, [program, folder], folder, process.env);
    assert.equal(ran.exit, 0, ran.stderr);
    const flood = JSON.parse(ran.stdout) as Flood;
    t.diagnostic(
      `${flood.tookMs} ms; live part at most ${mb(flood.mostBytes)}, in the end ${mb(flood.leftBytes)}; ` +
        `${flood.archives} archives of ${mb(flood.archiveBytes)} together`,
    );
    const { written, followed, read, wrong, leftovers, complaints } = flood;
    assert.deepEqual(
      { written, followed, read, wrong, leftovers, complaints },
      {
        written: 2_000_000,
        followed: 2_000_000,
        read: 2_000_000,
        wrong: null,
        leftovers: [],
        complaints: [],
      },
    );
    assert.ok(flood.leftBytes <= 9 * MB, `${mb(flood.leftBytes)} left`);
    // How much depends on how much of the processor the other tests leave for compressing.
    assert.ok(flood.mostBytes <= 180 * MB, `${mb(flood.mostBytes)} at most`);
  });
});

const mb = (bytes: number): string => `${(bytes / MB).toFixed(1)} MB`;
