import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAvailable, parseOpenFiles, readDisk, readDisks } from './read-host.ts';

describe('facts of the host', () => {
  it('reads the soft limit of open files', () => {
    const limits = (soft: string) =>
      `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${soft}                 524288               files\n`;
    assert.equal(parseOpenFiles(limits('1024')), 1024);
    assert.equal(parseOpenFiles(limits('unlimited')), Infinity);
    assert.equal(parseOpenFiles(''), Infinity);
  });

  it('reads what memory is available', () => {
    assert.equal(parseAvailable('MemTotal:  100 kB\nMemAvailable:    42 kB\n'), 42 * 1024);
    assert.equal(parseAvailable('MemTotal:  100 kB\n'), null);
  });

  it('counts a disk in bytes, free as an ordinary user has it', async () => {
    const ask = async () => ({ bsize: 4096, blocks: 100, bavail: 10, files: 50, ffree: 5 });
    assert.deepEqual(await readDisk('/x', ask), {
      path: '/x',
      freeBytes: 40_960,
      totalBytes: 409_600,
      freeInodes: 5,
      totalInodes: 50,
    });
  });

  it('counts a disk once, however many folders are on it, and none for one that is not there', async () => {
    const disks = await readDisks(['/proc', '/proc/self', '/no/such/folder']);
    assert.deepEqual(
      disks.map(({ path }) => path),
      ['/proc'],
    );
  });
});
