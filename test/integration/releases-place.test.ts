import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isReported } from '../../src/model/error.ts';
import { releasesFolder, retiredSecretsPath, sharedFolder, treeFolder } from '../../src/model/layout.ts';
import type { Stack } from '../../src/model/stack.ts';
import { learnRetiredSecrets } from '../../src/releases/placed-env.ts';
import { readEnv } from '../../src/releases/read-env.ts';
import { createReleaseDisk } from '../../src/releases/release-disk.ts';
import { runTool } from '../../src/releases/run-tool.ts';
import { createSecretSource } from '../../src/secrets/secret-source.ts';
import { createSource } from '../../src/sources/source.ts';
import { aRelease } from '../worlds/release-builder.ts';
import { buildService, buildStack } from '../worlds/stack-builder.ts';

const hasCode = (code: string) => (error: unknown) => isReported(error) && error.report.code === code;
const isRoot = process.getuid?.() === 0;
const needsRoot = isRoot ? false : 'only root can run services as another user';
const redactor = { learn: () => {}, redact: (text: string) => text };
const env = { PATH: process.env.PATH };

describe('placing a release', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'reeve-place-'));
    mkdirSync(join(root, 'origin/data'), { recursive: true });
    writeFileSync(join(root, 'origin/server.ts'), 'v1');
    writeFileSync(join(root, 'origin/data/seed'), '1');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const open = (home = join(root, 'state')) => {
    const layout = { home, socket: join(root, 'agent.sock') };
    const source = createSource({ cacheFolder: join(root, 'sources'), redactor, env, skip: [home] });
    const secrets = createSecretSource();
    const disk = createReleaseDisk({ layout, source, secrets, redactor, agentEnv: env });
    const place = async (
      parts: Partial<Stack> & Pick<Stack, 'services'>,
      signal?: AbortSignal,
    ): Promise<void> => {
      const stack = buildStack(parts.services, {
        source: { kind: 'folder', path: join(root, 'origin'), exclude: [] },
        ...parts,
      });
      const { fingerprint } = await readEnv({ stack, stackFile: 'reeve.yaml', secrets });
      const revision = await source.resolve(stack.source);
      await disk.place(aRelease({ stack, revision, envFingerprint: fingerprint }), signal);
    };
    return { layout, disk, place };
  };
  const ownerOf = (path: string): string =>
    execFileSync('stat', ['-c', '%U', path], { encoding: 'utf8' }).trim();

  it('gives tree and shared folders to the one user that services run as', { skip: needsRoot }, async () => {
    const { layout, place } = open();
    chmodSync(root, 0o711);
    mkdirSync(layout.home, { mode: 0o700 });
    const web = buildService('web', { user: 'nobody' });
    await place({ services: [web, buildService('worker')], shared: ['data', 'deep/uploads'] });
    const tree = treeFolder(layout, 'shop', 1);
    for (const path of ['', 'server.ts', 'data', 'data/seed', 'deep/uploads']) {
      assert.equal(ownerOf(join(tree, path)), 'nobody', path);
    }
    const read = execFileSync('setpriv', [
      '--reuid=nobody',
      '--regid=nogroup',
      '--clear-groups',
      'cat',
      join(tree, 'data/seed'),
    ]);
    assert.equal(read.toString(), '1', 'the user reaches its own files');
    assert.equal(statSync(join(tree, '../env.json')).uid, 0);
    assert.equal(statSync(join(tree, '../env.json')).mode & 0o777, 0o600);
  });

  it('leaves the tree to root when services run as several users', { skip: needsRoot }, async () => {
    const { layout, place } = open();
    const services = [buildService('web', { user: 'nobody' }), buildService('mail', { user: 'mail' })];
    await place({ services, shared: ['uploads'] });
    assert.equal(ownerOf(join(treeFolder(layout, 'shop', 1), 'server.ts')), 'root');
    assert.equal(ownerOf(join(sharedFolder(layout, 'shop'), 'uploads')), 'nobody');
  });

  it('is refused when a user is not there, and leaves nothing', { skip: needsRoot }, async () => {
    const { layout, place } = open();
    const services = [buildService('web', { user: 'no-such-user' })];
    await assert.rejects(place({ services }), hasCode('release.no-user'));
    assert.deepEqual(readdirSync(releasesFolder(layout, 'shop')), []);
  });

  it('goes on masking what was secret in a release that is gone', async () => {
    const { layout, disk, place } = open();
    const web = buildService('web', { env: { API_TOKEN: 'hunter2hunter2', LEVEL: 'info' } });
    await place({ services: [web] });
    await disk.remove('shop', 1);
    await disk.remove('shop', 1);
    const learned: string[] = [];
    const other = { ...redactor, learn: (values: Iterable<string>) => void learned.push(...values) };
    learnRetiredSecrets(layout, other, 'shop');
    assert.deepEqual(learned, ['hunter2hunter2']);
    assert.equal(statSync(retiredSecretsPath(layout, 'shop')).mode & 0o777, 0o600);
  });

  it('follows no link that a service put into the shared folder', async () => {
    const { layout, place } = open();
    const outside = join(root, 'outside');
    mkdirSync(outside);
    mkdirSync(sharedFolder(layout, 'shop'), { recursive: true });
    symlinkSync(outside, join(sharedFolder(layout, 'shop'), 'deep'));
    const services = [buildService('web')];
    await assert.rejects(place({ services, shared: ['deep/uploads'] }), hasCode('release.shared-taken'));
    assert.deepEqual(readdirSync(outside), []);
  });

  it('removes links of a tree without touching what they lead to', async () => {
    const { layout, disk, place } = open();
    await place({ services: [buildService('web')], shared: ['data'] });
    await disk.remove('shop', 1);
    assert.equal(readFileSync(join(sharedFolder(layout, 'shop'), 'data/seed'), 'utf8'), '1');
  });

  it('does not make a link into a cache', async () => {
    const { layout, disk, place } = open();
    const services = [buildService('web')];
    await place({ services, cache: ['node_modules'] });
    symlinkSync('/etc', join(treeFolder(layout, 'shop', 1), 'node_modules'));
    await disk.saveCache(aRelease({ stack: buildStack(services, { cache: ['node_modules'] }) }));
    assert.equal(existsSync(join(layout.home, 'stacks/shop/cache/node_modules')), false);
  });

  it('leaves nothing when it is cancelled', async () => {
    const { layout, place } = open();
    const cache = join(layout.home, 'stacks/shop/cache/node_modules');
    mkdirSync(cache, { recursive: true });
    const stop = AbortSignal.abort(new Error('cancelled'));
    await assert.rejects(
      place({ services: [buildService('web')], cache: ['node_modules'] }, stop),
      /cancelled/,
    );
    assert.deepEqual(readdirSync(releasesFolder(layout, 'shop')), []);
  });

  it('says which tool did not succeed, and on what', async () => {
    await assert.rejects(runTool('cp', ['--', join(root, 'gone'), root]), (error) => {
      assert.ok(hasCode('release.tool-failed')(error));
      assert.match(String(error), /Cannot run "cp" on .*No such file/);
      return true;
    });
    await assert.rejects(runTool('no-such-tool', ['x']), hasCode('release.tool-failed'));
  });

  it('says that the disk is full, leaves nothing, and goes on when there is space again', async (t) => {
    const small = mountTmpfs(join(root, 'small'));
    if (!small) return t.skip('a tmpfs needs root and mount(8)');
    try {
      const { layout, place } = open(join(root, 'small'));
      writeFileSync(join(root, 'origin/big'), Buffer.alloc(3 << 20, 1));
      const services = [buildService('web')];
      await assert.rejects(place({ services }), hasCode('release.disk-full'));
      assert.deepEqual(readdirSync(releasesFolder(layout, 'shop')), []);
      rmSync(join(root, 'origin/big'));
      await place({ services });
      assert.ok(lstatSync(treeFolder(layout, 'shop', 1)).isDirectory());
    } finally {
      execFileSync('umount', [join(root, 'small')]);
    }
  });
});

const mountTmpfs = (at: string): boolean => {
  if (!isRoot) return false;
  mkdirSync(at);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', at], { stdio: 'ignore' });
    return true;
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
};
