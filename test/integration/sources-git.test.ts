import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isReported } from '../../src/model/error.ts';
import { createSource } from '../../src/sources/source.ts';
import { makeRepository, type Repository } from '../worlds/git-repository.ts';

const hasCode = (code: string) => (error: unknown) => isReported(error) && error.report.code === code;

describe('a git repository as a source', () => {
  let root: string;
  let repository: Repository;
  const learned: string[] = [];
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'reeve-git-'));
    repository = makeRepository(join(root, 'origin'));
    learned.length = 0;
  });
  afterEach(() => rmSync(root, { recursive: true }));
  const open = (env = {}) =>
    createSource({
      cacheFolder: join(root, 'cache'),
      redactor: { learn: (values) => void learned.push(...values), redact: (text) => text },
      env: { PATH: process.env.PATH, HOME: root, ...env },
      skip: [],
    });
  const spec = (parts = {}) =>
    ({ kind: 'git', url: join(root, 'origin'), ref: 'main', subfolder: '', ...parts }) as const;
  const into = (): string => mkdtempSync(join(root, 'into-'));

  it('resolves branches, tags, HEAD, whole and short revisions, with the first line of the commit', async () => {
    repository.write({ a: '1' });
    const first = repository.commit('First line\n\nMore.');
    repository.git('tag', '--annotate', 'v1', '--message', 'Version 1');
    repository.write({ a: '2' });
    const second = repository.commit('Second');
    const source = open();
    assert.deepEqual(await source.resolve(spec()), { kind: 'git', id: second, summary: 'Second' });
    assert.equal((await source.resolve(spec({ ref: 'HEAD' }))).id, second);
    for (const ref of ['v1', first, first.slice(0, 8)]) {
      assert.deepEqual(await source.resolve(spec({ ref })), {
        kind: 'git',
        id: first,
        summary: 'First line',
      });
    }
  });

  it('follows a force-push, and still places a commit that it has seen before', async () => {
    repository.write({ a: 'old' });
    repository.commit('Old');
    const source = open();
    const old = await source.resolve(spec());
    repository.write({ a: 'new' });
    repository.git('add', 'a');
    repository.git('commit', '--quiet', '--amend', '--message', 'New');
    assert.equal((await source.resolve(spec())).summary, 'New');
    const folder = into();
    await source.place(spec(), old, folder);
    assert.equal(readFileSync(join(folder, 'a'), 'utf8'), 'old');
  });

  it('places a subfolder alone, and refuses one that is not there', async () => {
    repository.write({ 'apps/web/a': '1', b: '2' });
    repository.commit('First');
    const source = open();
    const folder = into();
    await source.place(
      spec({ subfolder: 'apps/web' }),
      await source.resolve(spec({ subfolder: 'apps/web' })),
      folder,
    );
    assert.deepEqual(readdirSync(folder), ['a']);
    for (const subfolder of ['apps/api', 'b', '../x']) {
      await assert.rejects(source.resolve(spec({ subfolder })), hasCode('source.missing'), subfolder);
    }
  });

  it('takes every file though .gitattributes would leave it out of an archive', async () => {
    repository.write({ '.gitattributes': 'tests export-ignore\n', 'tests/a': '1' });
    repository.commit('First');
    const source = open();
    const folder = into();
    await source.place(spec(), await source.resolve(spec()), folder);
    assert.deepEqual(readdirSync(folder).toSorted(), ['.gitattributes', 'tests']);
  });

  it('refuses a tree with a submodule', async () => {
    const inner = makeRepository(join(root, 'inner'));
    inner.commit('Inner');
    repository.git(
      '-c',
      'protocol.file.allow=always',
      'submodule',
      '--quiet',
      'add',
      join(root, 'inner'),
      'lib',
    );
    repository.commit('With a submodule');
    const source = open();
    const revision = await source.resolve(spec());
    await assert.rejects(
      source.place(spec(), revision, into()),
      (error) => hasCode('source.unsafe')(error) && /"lib".*submodule/.test(String(error)),
    );
  });

  it('runs nothing that a repository or a URL brings along', async () => {
    repository.write({ a: '1' });
    repository.commit('First');
    const ran = join(root, 'ran');
    for (const hook of ['post-checkout', 'reference-transaction', 'post-index-change']) {
      writeFileSync(join(root, 'origin/.git/hooks', hook), `#!/bin/sh\ntouch ${ran}\n`, { mode: 0o755 });
    }
    repository.git('config', 'core.fsmonitor', `touch ${ran}`);
    const source = open();
    await source.place(spec(), await source.resolve(spec()), into());
    const asFolder = { kind: 'folder', path: join(root, 'origin'), exclude: [] } as const;
    await source.resolve(asFolder);
    for (const url of [`ext::sh -c "touch ${ran}"`, `--upload-pack=touch ${ran}`]) {
      await assert.rejects(source.resolve(spec({ url })), hasCode('source.bad-url'));
    }
    assert.equal(existsSync(ran), false);
  });

  it('makes its mirror again when that is damaged or has a lock of a fetch that was killed', async () => {
    repository.write({ a: '1' });
    repository.commit('First');
    const source = open();
    await source.resolve(spec());
    const mirrors = join(root, 'cache/git');
    const mirror = join(mirrors, readdirSync(mirrors)[0]!);
    assert.equal(statSync(mirror).mode & 0o077, 0, 'the mirror is for the agent alone');
    repository.write({ a: '2' });
    const second = repository.commit('Second');
    writeFileSync(join(mirror, 'refs/heads/main.lock'), '');
    assert.equal((await source.resolve(spec())).id, second);
    rmSync(join(mirror, 'objects'), { recursive: true });
    assert.equal((await source.resolve(spec())).id, second);
    rmSync(join(mirror, 'HEAD'));
    assert.equal((await source.resolve(spec())).id, second);
  });

  it('resolves several times at once', async () => {
    repository.write({ a: '1' });
    const id = repository.commit('First');
    const source = open();
    const found = await Promise.all(Array.from({ length: 5 }, () => source.resolve(spec())));
    assert.deepEqual(new Set(found.map((it) => it.id)), new Set([id]));
  });

  it('stops git when it is cancelled', async () => {
    // A server that never answers.
    const server = createServer(() => {});
    const url = await listen(server);
    const stop = new AbortController();
    const asked = once(server, 'request');
    const resolving = open().resolve(spec({ url }), stop.signal);
    await asked;
    stop.abort(new Error('cancelled'));
    await assert.rejects(resolving, /cancelled/);
    server.closeAllConnections();
    server.close();
  });

  it('tells apart a server that does not answer, one that refuses and a repository that is not there', async () => {
    const statuses: Record<string, number> = {
      '/refused': 401,
      '/forbidden': 403,
      '/missing': 404,
      '/broken': 503,
    };
    const server = createServer((request, response) => {
      const path = Object.keys(statuses).find((it) => request.url?.startsWith(it))!;
      response.writeHead(statuses[path]!, { 'www-authenticate': 'Basic realm="git"' }).end();
    });
    const base = await listen(server);
    const codes: Record<string, string> = {
      '/refused': 'source.auth-refused',
      '/forbidden': 'source.auth-refused',
      '/missing': 'source.missing',
      '/broken': 'source.unreachable',
    };
    for (const [path, code] of Object.entries(codes)) {
      await assert.rejects(open().resolve(spec({ url: `${base}${path}` })), hasCode(code), path);
    }
    server.close();
    await once(server, 'close');
    await assert.rejects(open().resolve(spec({ url: `${base}/x` })), hasCode('source.unreachable'));
    await assert.rejects(open().resolve(spec({ url: join(root, 'nowhere') })), hasCode('source.missing'));
    await assert.rejects(open({ PATH: '/nonexistent' }).resolve(spec()), hasCode('source.no-git'));
  });

  it('sends the password of a URL to the server, teaches it to the redactor, and shows it nowhere', async () => {
    const logins: string[] = [];
    const server = createServer((request: IncomingMessage, response) => {
      const { authorization } = request.headers;
      if (authorization) logins.push(Buffer.from(authorization.slice(6), 'base64').toString());
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
    });
    const url = (await listen(server)).replace('http://', 'http://ann:hunter2@');
    await assert.rejects(open().resolve(spec({ url })), (error) => {
      assert.ok(hasCode('source.auth-refused')(error));
      assert.equal(JSON.stringify((error as { report: unknown }).report).includes('hunter2'), false);
      return true;
    });
    assert.deepEqual(new Set(logins), new Set(['ann:hunter2']));
    assert.deepEqual(learned, ['hunter2']);
    server.close();
  });
});

const listen = async (server: Server): Promise<string> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};
