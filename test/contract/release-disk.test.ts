import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Defect, isReported } from '../../src/model/error.ts';
import {
  releaseEnvPath,
  releasesFolder,
  sharedFolder,
  stackFolder,
  treeFolder,
} from '../../src/model/layout.ts';
import type { Release } from '../../src/model/release.ts';
import type { Stack } from '../../src/model/stack.ts';
import type { ReleaseDisk } from '../../src/ports/release-disk.ts';
import type { Source } from '../../src/ports/source.ts';
import { readEnv } from '../../src/releases/read-env.ts';
import { createReleaseDisk } from '../../src/releases/release-disk.ts';
import { createSecretSource } from '../../src/secrets/secret-source.ts';
import { createSource } from '../../src/sources/source.ts';
import { aRelease } from '../worlds/release-builder.ts';
import { buildService, buildStack } from '../worlds/stack-builder.ts';

const hasCode = (code: string) => (error: unknown) => isReported(error) && error.report.code === code;

describe('the release disk', () => {
  let root: string;
  let disk: ReleaseDisk;
  let source: Source;
  const layout = () => ({ home: join(root, 'state'), socket: join(root, 'agent.sock') });
  const learned: string[] = [];
  const secrets = createSecretSource();
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'reeve-releases-'));
    learned.length = 0;
    const redactor = {
      learn: (values: Iterable<string>) => void learned.push(...values),
      redact: (text: string) => text,
    };
    const env = { PATH: process.env.PATH, HOME: root };
    source = createSource({ cacheFolder: join(root, 'sources'), redactor, env, skip: [] });
    disk = createReleaseDisk({ layout: layout(), source, secrets, redactor, agentEnv: env });
    write('server.ts', 'v1');
    write('../.env', 'DATABASE_URL=postgres://secret\n');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, 'origin', path)), { recursive: true });
    writeFileSync(join(root, 'origin', path), text, { mode: 0o600 });
  };
  const plan = async (id: number, parts: Partial<Stack> = {}): Promise<Release> => {
    const stack = buildStack([buildService('web')], {
      source: { kind: 'folder', path: join(root, 'origin'), exclude: [] },
      envFiles: [{ path: join(root, '.env'), optional: false, public: [] }],
      ...parts,
    });
    const env = await readEnv({ stack, stackFile: 'reeve.yaml', secrets });
    const revision = await source.resolve(stack.source);
    return aRelease({ id, stack, revision, envFingerprint: env.fingerprint, hasTree: false });
  };
  const place = async (id: number, parts: Partial<Stack> = {}): Promise<string> => {
    await disk.place(await plan(id, parts));
    return treeFolder(layout(), 'shop', id);
  };
  const inRelease = (id: number, path: string): string =>
    readFileSync(join(treeFolder(layout(), 'shop', id), path), 'utf8');

  it('puts tree and environment of a release on disk, and nothing beside it', async () => {
    await place(1);
    assert.equal(inRelease(1, 'server.ts'), 'v1');
    const path = releaseEnvPath(layout(), 'shop', 1);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.match(readFileSync(path, 'utf8'), /postgres:\/\/secret/);
    assert.deepEqual(readdirSync(releasesFolder(layout(), 'shop')), ['1']);
    assert.ok(learned.includes('postgres://secret'), 'the redactor knows the secrets');
  });

  it('leaves a release as it is when it is placed again, though source and env files changed since', async () => {
    const release = await plan(1);
    await disk.place(release);
    write('server.ts', 'v2');
    write('../.env', 'DATABASE_URL=other\n');
    writeFileSync(join(treeFolder(layout(), 'shop', 1), 'built'), 'by a job');
    await disk.place(release);
    assert.equal(inRelease(1, 'server.ts'), 'v1');
    assert.equal(inRelease(1, 'built'), 'by a job');
  });

  it('makes a release again when another one of its number, or half of one, is there', async () => {
    await place(1);
    write('server.ts', 'v2');
    await place(1);
    assert.equal(inRelease(1, 'server.ts'), 'v2');
    rmSync(join(releasesFolder(layout(), 'shop'), '1', 'release.json'));
    await place(1);
    assert.equal(inRelease(1, 'server.ts'), 'v2');
  });

  it('removes what a crash left at any point of an earlier placement or removal', async () => {
    const releases = releasesFolder(layout(), 'shop');
    for (const leftover of ['.new-1.tmp', '.new-2.tmp', '.gone-3.tmp']) {
      mkdirSync(join(releases, leftover, 'tree'), { recursive: true });
      writeFileSync(join(releases, leftover, 'tree', 'half'), '');
    }
    await place(1);
    assert.deepEqual(readdirSync(releases), ['1']);
    assert.equal(existsSync(join(releases, '1/tree/half')), false);
  });

  it('leaves nothing when the source changed, and says so', async () => {
    const release = await plan(1);
    write('server.ts', 'v2');
    await assert.rejects(disk.place(release), hasCode('source.moved'));
    assert.deepEqual(readdirSync(releasesFolder(layout(), 'shop')), []);
  });

  it('refuses to place a release with other variables than it was planned with', async () => {
    const release = await plan(1);
    write('../.env', 'DATABASE_URL=other\n');
    await assert.rejects(disk.place(release), hasCode('env.moved'));
    rmSync(join(root, '.env'));
    await assert.rejects(disk.place(release), (error) => {
      assert.ok(isReported(error) && error.report.code === 'env.moved');
      assert.equal(error.report.problems?.[0]?.code, 'env.missing-file');
      return true;
    });
  });

  it('links shared folders to one place that outlives releases, with the first content shipped', async () => {
    write('data/seed.txt', 'first');
    const shared = ['data', 'public/uploads'];
    const one = await place(1, { shared });
    assert.ok(lstatSync(join(one, 'data')).isSymbolicLink());
    assert.equal(
      realpathSync(join(one, 'public/uploads')),
      realpathSync(join(sharedFolder(layout(), 'shop'), 'public/uploads')),
    );
    writeFileSync(join(one, 'data/written.txt'), 'by the service');
    write('data/seed.txt', 'second');
    await place(2, { shared });
    assert.equal(inRelease(2, 'data/written.txt'), 'by the service');
    assert.equal(inRelease(2, 'data/seed.txt'), 'first', 'what is shared already is never overwritten');
    await disk.remove('shop', 1);
    assert.equal(inRelease(2, 'data/written.txt'), 'by the service');
  });

  it('gives the next release a copy of what the build left, which can not reach back', async () => {
    const cache = ['node_modules', 'deep/target'];
    const one = await place(1, { cache });
    mkdirSync(join(one, 'node_modules/x'), { recursive: true });
    writeFileSync(join(one, 'node_modules/x/index.js'), 'built');
    await disk.saveCache(await plan(1, { cache }));
    const two = await place(2, { cache });
    assert.equal(inRelease(2, 'node_modules/x/index.js'), 'built');
    writeFileSync(join(two, 'node_modules/x/index.js'), 'changed');
    assert.equal(inRelease(1, 'node_modules/x/index.js'), 'built');
    rmSync(join(two, 'node_modules/x'), { recursive: true });
    await disk.saveCache(await plan(2, { cache }));
    await place(3, { cache });
    assert.deepEqual(readdirSync(join(treeFolder(layout(), 'shop', 3), 'node_modules')), []);
  });

  it('refuses folders that lead out of the release', async () => {
    for (const parts of [{ shared: ['../x'] }, { cache: ['/etc'] }, { shared: [''] }]) {
      await assert.rejects(disk.place(await plan(1, parts)), hasCode('release.bad-path'));
    }
  });

  it('describes runs of a release that was placed, and says so of one that was not', async () => {
    await place(1);
    const release = await plan(1);
    const instance = {
      service: 'web',
      slot: 1,
      seat: 'blue',
      release: 1,
      fingerprint: 'f',
      port: 4001,
      warmUntil: null,
    } as const;
    const { spec, service } = disk.describeInstance(release, instance);
    assert.equal(service.name, 'web');
    assert.deepEqual(
      [spec.env.DATABASE_URL, spec.env.PORT, spec.workingFolder],
      ['postgres://secret', '4001', treeFolder(layout(), 'shop', 1)],
    );
    assert.throws(() => disk.describeInstance(release, { ...instance, service: 'gone' }), Defect);
    assert.throws(
      () => disk.describeInstance({ ...release, id: 7 }, instance),
      hasCode('release.not-placed'),
    );
  });

  it('removes a release or a whole stack, twice without complaint, and nothing else', async () => {
    await place(1);
    await place(2);
    await disk.remove('shop', 1);
    await disk.remove('shop', 1);
    assert.deepEqual(readdirSync(releasesFolder(layout(), 'shop')), ['2']);
    mkdirSync(stackFolder(layout(), 'blog'), { recursive: true });
    await disk.removeStack('shop');
    await disk.removeStack('shop');
    assert.deepEqual(readdirSync(join(layout().home, 'stacks')), ['blog']);
  });

  it('makes no path from what is no name and no number', async () => {
    for (const stack of ['..', 'a/b', '', '.']) {
      await assert.rejects(disk.removeStack(stack), RangeError);
      await assert.rejects(disk.remove(stack, 1), RangeError);
    }
    for (const release of [0, -1, 1.5, Number.NaN])
      await assert.rejects(disk.remove('shop', release), Defect);
  });
});
