import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isReported } from '../../src/model/error.ts';
import { createSource } from '../../src/sources/source.ts';
import { makeRepository } from '../worlds/git-repository.ts';

const hasCode = (code: string) => (error: unknown) => isReported(error) && error.report.code === code;

describe('a folder as a source', () => {
  let root: string;
  let folder: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'reeve-folder-'));
    folder = join(root, 'origin');
    mkdirSync(folder);
  });
  afterEach(() => rmSync(root, { recursive: true }));
  const open = (skip: readonly string[] = []) =>
    createSource({
      cacheFolder: join(root, 'cache'),
      redactor: { learn: () => {}, redact: (text) => text },
      env: { PATH: process.env.PATH, HOME: root },
      skip,
    });
  const spec = (exclude: readonly string[] = []) => ({ kind: 'folder', path: folder, exclude }) as const;
  const write = (path: string, text = path): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const placed = async (exclude: readonly string[] = [], source = open()): Promise<readonly string[]> => {
    const into = mkdtempSync(join(root, 'into-'));
    await source.place(spec(exclude), await source.resolve(spec(exclude)), into);
    return readdirSync(into, { recursive: true, withFileTypes: true })
      .filter((it) => !it.isDirectory())
      .map((it) => join(it.parentPath, it.name).slice(into.length + 1))
      .toSorted();
  };

  it('takes everything but .git and what is excluded when it is no git work tree', async () => {
    for (const path of ['a', 'node_modules/x/index.js', 'dist/b', 'sub/dist/c', '.env', '.git/config'])
      write(path);
    write('.gitignore', 'a');
    assert.deepEqual(await placed(['/dist']), [
      '.env',
      '.gitignore',
      'a',
      'node_modules/x/index.js',
      'sub/dist/c',
    ]);
  });

  it('takes what git does not ignore, tracked or not, when it is in a git work tree', async () => {
    const repository = makeRepository(folder);
    repository.write({ '.gitignore': 'node_modules\n*.log\n', tracked: '1', gone: '1', 'dist/b': '1' });
    repository.commit('First');
    repository.write({ untracked: '1', 'x.log': '1', 'node_modules/x': '1' });
    rmSync(join(folder, 'gone'));
    makeRepository(join(folder, 'nested')).write({ 'inner.txt': '1' });
    assert.deepEqual(await placed(['dist/']), ['.gitignore', 'nested/inner.txt', 'tracked', 'untracked']);
  });

  it('takes everything when the repository around it ignores it as a whole', async () => {
    makeRepository(root).write({ '.gitignore': 'origin\ninto-*\ncache\n' });
    write('a');
    assert.deepEqual(await placed(), ['a']);
  });

  it('keeps empty folders, modes and times of change', async () => {
    write('tool');
    chmodSync(join(folder, 'tool'), 0o750);
    utimesSync(join(folder, 'tool'), 1_600_000_000, 1_600_000_000);
    mkdirSync(join(folder, 'empty/inner'), { recursive: true });
    const into = mkdtempSync(join(root, 'into-'));
    const source = open();
    await source.place(spec(), await source.resolve(spec()), into);
    const stat = statSync(join(into, 'tool'));
    assert.deepEqual([stat.mode & 0o777, stat.mtimeMs], [0o750, 1_600_000_000_000]);
    assert.ok(statSync(join(into, 'empty/inner')).isDirectory());
  });

  it('leaves the state folder out when it lies within', async () => {
    write('a');
    write('state/reeve.db');
    assert.deepEqual(await placed([], open([join(folder, 'state')])), ['a']);
  });

  it('refuses FIFOs and sockets, and names them', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    await assert.rejects(
      open().resolve(spec()),
      (error) => hasCode('source.unsafe')(error) && /"pipe".*FIFO/.test(String(error)),
    );
    rmSync(join(folder, 'pipe'));
    const server = createServer().listen(join(folder, 'socket'));
    await once(server, 'listening');
    await assert.rejects(
      open().resolve(spec()),
      (error) => hasCode('source.unsafe')(error) && /socket/.test(String(error)),
    );
    server.close();
  });

  it('refuses a name that is not UTF-8 instead of leaving the file out', async () => {
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xfe])]), 'x');
    await assert.rejects(open().resolve(spec()), hasCode('source.unsafe'));
  });

  it('fails with "moved" when the folder changed between resolve and place', async () => {
    write('a', 'one');
    const source = open();
    const revision = await source.resolve(spec());
    write('a', 'two');
    const into = mkdtempSync(join(root, 'into-'));
    await assert.rejects(source.place(spec(), revision, into), hasCode('source.moved'));
  });

  it('sees a change that leaves size and time of change as they were', async () => {
    write('a', 'one');
    utimesSync(join(folder, 'a'), 1_600_000_000, 1_600_000_000);
    const source = open();
    const before = await source.resolve(spec());
    write('a', 'two');
    utimesSync(join(folder, 'a'), 1_600_000_000, 1_600_000_000);
    assert.notEqual((await source.resolve(spec())).id, before.id);
  });

  it('copies files of several megabytes whole', async () => {
    const big = Buffer.alloc(5 << 20, 'reeve');
    writeFileSync(join(folder, 'big'), big);
    const into = mkdtempSync(join(root, 'into-'));
    const source = open();
    await source.place(spec(), await source.resolve(spec()), into);
    assert.ok(readFileSync(join(into, 'big')).equals(big));
  });
});
