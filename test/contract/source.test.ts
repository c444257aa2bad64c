import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isReported } from '../../src/model/error.ts';
import type { SourceSpec } from '../../src/model/stack.ts';
import type { Source } from '../../src/ports/source.ts';
import { createSource } from '../../src/sources/source.ts';
import { makeRepository } from '../worlds/git-repository.ts';

/** Something that a source reads from, and how its content is changed. */
type Origin = {
  readonly spec: SourceSpec;
  readonly missing: SourceSpec;
  readonly folder: string;
  /** Makes what is in `folder` the source's content. */
  readonly publish: () => void;
};

const ORIGINS: Readonly<Record<string, (folder: string) => Origin>> = {
  'a folder': (folder) => {
    mkdirSync(folder);
    const spec = { kind: 'folder', path: folder, exclude: [] } as const;
    return { spec, missing: { ...spec, path: `${folder}-gone` }, folder, publish: () => {} };
  },
  'a git work tree as a folder': (folder) => {
    const repository = makeRepository(folder);
    const spec = { kind: 'folder', path: folder, exclude: [] } as const;
    return {
      spec,
      missing: { ...spec, path: `${folder}-gone` },
      folder,
      publish: () => void repository.commit('Change'),
    };
  },
  'a git repository': (folder) => {
    const repository = makeRepository(folder);
    const spec = { kind: 'git', url: folder, ref: 'main', subfolder: '' } as const;
    return {
      spec,
      missing: { ...spec, ref: 'gone' },
      folder,
      publish: () => void repository.commit('Change'),
    };
  },
};

const hasCode = (code: string) => (error: unknown) => isReported(error) && error.report.code === code;

for (const [name, open] of Object.entries(ORIGINS)) {
  describe(`the source on ${name}`, () => {
    let root: string;
    let origin: Origin;
    let source: Source;
    beforeEach(() => {
      root = mkdtempSync(join(tmpdir(), 'reeve-source-'));
      origin = open(join(root, 'origin'));
      source = createSource({
        cacheFolder: join(root, 'cache'),
        redactor: { learn: () => {}, redact: (text) => text },
        env: { PATH: process.env.PATH, HOME: root },
        skip: [],
      });
      writeFileSync(join(origin.folder, 'server.sh'), '#!/bin/sh\n');
      chmodSync(join(origin.folder, 'server.sh'), 0o755);
      mkdirSync(join(origin.folder, 'lib', 'deep'), { recursive: true });
      writeFileSync(join(origin.folder, 'lib', 'deep', 'ä b.txt'), 'text');
      symlinkSync('../server.sh', join(origin.folder, 'lib', 'link'));
      origin.publish();
    });
    afterEach(() => rmSync(root, { recursive: true }));
    const place = async (to = 'tree'): Promise<string> => {
      const into = join(root, to);
      mkdirSync(into);
      await source.place(origin.spec, await source.resolve(origin.spec), into);
      return into;
    };

    it('fills a folder with its files, links and executable bits', async () => {
      const into = await place();
      assert.equal(readFileSync(join(into, 'lib/deep/ä b.txt'), 'utf8'), 'text');
      assert.equal(readlinkSync(join(into, 'lib/link')), '../server.sh');
      assert.notEqual(statSync(join(into, 'server.sh')).mode & 0o111, 0);
      assert.equal(statSync(join(into, 'lib/deep/ä b.txt')).mode & 0o111, 0);
      assert.deepEqual(readdirSync(into).toSorted(), ['lib', 'server.sh'], 'and nothing else, no .git');
      assert.deepEqual(
        readdirSync(root).filter((it) => it.startsWith('tree')),
        ['tree'],
        'nothing beside it',
      );
    });

    it('resolves to the same revision when nothing changed, and to another when anything did', async () => {
      const seen = new Set<string>();
      const note = async (): Promise<void> => {
        origin.publish();
        const { id } = await source.resolve(origin.spec);
        assert.equal(seen.has(id), false);
        seen.add(id);
      };
      const first = await source.resolve(origin.spec);
      assert.deepEqual(await source.resolve(origin.spec), first);
      assert.match(first.id, /^[0-9a-f]{40,64}$/);
      seen.add(first.id);
      writeFileSync(join(origin.folder, 'lib/deep/ä b.txt'), 'TEXT');
      await note();
      chmodSync(join(origin.folder, 'lib/deep/ä b.txt'), 0o755);
      await note();
      rmSync(join(origin.folder, 'lib/link'));
      await note();
      symlinkSync('deep', join(origin.folder, 'lib/link'));
      await note();
    });

    it('places the same content twice when it is asked twice', async () => {
      const list = (folder: string): string =>
        execFileSync('find', ['.', '-printf', '%P %y %l\n'], { cwd: folder, encoding: 'utf8' });
      const sorted = (folder: string): string[] => list(folder).split('\n').toSorted();
      assert.deepEqual(sorted(await place('one')), sorted(await place('two')));
    });

    it('refuses a link that leads out of the tree, and names it', async () => {
      symlinkSync('../../etc/passwd', join(origin.folder, 'lib', 'escape'));
      origin.publish();
      await assert.rejects(
        place(),
        (error) => hasCode('source.unsafe')(error) && /lib\/escape/.test(String(error)),
      );
    });

    it('refuses what is not there', async () => {
      await assert.rejects(source.resolve(origin.missing), hasCode('source.missing'));
    });

    it('stops when it is cancelled', async () => {
      const revision = await source.resolve(origin.spec);
      mkdirSync(join(root, 'tree'));
      const stop = AbortSignal.abort(new Error('cancelled'));
      // A folder this small may be done before anybody looks at the signal.
      const outcome = await source.place(origin.spec, revision, join(root, 'tree'), stop).catch(String);
      assert.ok(outcome === undefined || outcome === 'Error: cancelled', String(outcome));
    });
  });
}
