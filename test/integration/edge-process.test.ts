// The edge's own process: it outlives who started it, comes back when it dies, and is the only one of its folder.
import assert from 'node:assert/strict';
import { fork, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openBuiltinEdge } from '../../src/edge/builtin/open-builtin-edge.ts';
import { isReported } from '../../src/model/error.ts';
import { eventually, isRunning } from '../worlds/conditions.ts';
import { callDoor, type EdgeStand, freePort, openEdgeStand, STAND_HOST } from '../worlds/edge-stand.ts';

const MAIN = join(import.meta.dirname, '../../src/edge/builtin/main.ts');
const STARTER = join(import.meta.dirname, '../programs/edge-starter.ts');

describe("the builtin edge's process", () => {
  let stand: EdgeStand;
  let slots: { slot: number; blue: number; green: number }[];
  before(async () => {
    stand = await openEdgeStand();
    const { port } = await stand.instance((_req, res) => void res.end('here'));
    slots = [{ slot: 1, blue: port, green: await freePort() }];
    await stand.configure([{ slots }]);
  });
  after(() => stand.close());

  const pid = async (): Promise<number> => (await stand.edge.status()).pid!;

  it('is started again within moments when it is killed, and serves what it served', async () => {
    const first = await pid();
    const began = performance.now();
    process.kill(first, 'SIGKILL');
    await eventually('it is noticed', () => stand.noticed.length > 0);
    assert.ok(performance.now() - began < 100, 'noticed at once');
    await eventually('it serves', async () => (await callDoor(stand.port)).body === 'here');
    assert.notEqual(await pid(), first);
  });

  it('is the only one of its folder', async () => {
    const second = spawn(
      process.execPath,
      [MAIN, '--folder', stand.folder, '--port', String(await freePort())],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let said = '';
    second.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const code = await new Promise((resolve) => second.once('close', resolve));
    assert.equal(code, 1);
    assert.match(said, /does not start: claimed/);
    assert.equal((await stand.call()).body, 'here');
  });

  it('is adopted by another agent as it is', async () => {
    const first = await pid();
    const next = openBuiltinEdge({ layout: stand.layout, listen: { host: '127.0.0.1', port: stand.port } });
    await Promise.all([next.ensureRunning(), next.ensureRunning()]);
    assert.equal((await next.status()).pid, first);
    await next.close();
    assert.ok(isRunning(first));
  });

  it('keeps its socket, token, record and sites to its user', async () => {
    for (const file of ['edge.sock', 'token', 'edge.json', 'sites/shop.json', 'edge.log']) {
      assert.equal(statSync(join(stand.folder, file)).mode & 0o077, 0, file);
    }
    assert.equal(statSync(stand.folder).mode & 0o077, 0);
  });

  it('keeps the other sites when one file is broken, and the site that was in force before', async () => {
    await stand.edge.configure('blog', {
      stack: 'blog',
      services: [
        {
          service: 'blog',
          holdMs: 1,
          routes: [{ host: 'blog.localhost', path: '/', stripPath: false }],
          slots,
        },
      ],
    });
    writeFileSync(join(stand.folder, 'sites/shop.json'), '{"stack": "shop", "services": [');
    await stand.edge.configure('blog', (await stand.edge.site('blog'))!);
    assert.equal((await stand.call({ host: 'blog.localhost' })).body, 'here');
    assert.equal((await stand.call()).body, 'here');
    // Started anew, it never saw the good one.
    process.kill(await pid(), 'SIGKILL');
    await eventually(
      'it serves the other',
      async () => (await callDoor(stand.port, { host: 'blog.localhost' })).body === 'here',
    );
    assert.equal((await stand.call()).status, 404);
    assert.match(
      readFileSync(join(stand.folder, 'edge.log'), 'utf8'),
      /site file "shop\.json" is not in force/,
    );
    await stand.configure([{ slots }]);
    assert.equal((await stand.call()).body, 'here');
  });

  it('puts the site before back when the edge does not take the new one', async () => {
    // The file of a stack breaks: the edge goes on with what it had, and that has the route.
    const services = [
      {
        service: 'x',
        holdMs: 1,
        routes: [{ host: 'rogue.localhost', path: '/', stripPath: false }],
        slots: [],
      },
    ];
    const rogue = { stack: 'rogue', services };
    await stand.edge.configure('rogue', rogue);
    writeFileSync(join(stand.folder, 'sites/rogue.json'), 'broken');
    const wanted = { ...rogue, stack: 'shop' };
    await assert.rejects(
      stand.edge.configure('shop', wanted),
      (error) => isReported(error) && error.report.code === 'edge.refused',
    );
    assert.equal((await stand.edge.site('shop'))?.services[0]?.service, 'web');
    assert.equal((await stand.call()).body, 'here');
    await stand.edge.configure('rogue', null);
    assert.equal((await stand.call({ host: 'rogue.localhost' })).status, 404);
  });

  it('keeps three generations of flags and nothing half made', async () => {
    for (let times = 0; times < 6; times += 1) await stand.flag(times % 2 ? ['web.1'] : []);
    await stand.flag(['web.1']);
    const names = readdirSync(join(stand.folder, 'flags/shop')).toSorted();
    assert.equal(names.filter((name) => name.startsWith('gen-')).length, 3);
    assert.deepEqual(
      names.filter((name) => !name.startsWith('gen-')),
      ['current'],
    );
    await stand.flag([]);
  });

  it('lets a request finish when it is stopped, takes no new one, and leaves nothing behind', async () => {
    let finish = (): void => undefined;
    const slow = await stand.instance((_req, res) => {
      res.write('first ');
      finish = () => res.end('second');
    });
    await stand.configure([{ slots: [{ slot: 1, blue: slow.port, green: await freePort() }] }]);
    const call = stand.call();
    await eventually('it is in flight', async () =>
      (await stand.edge.traffic('shop')).some((each) => each.inFlight === 1),
    );
    const process = await pid();
    const stopped = stand.edge.stop();
    await eventually('it takes no new one', () =>
      callDoor(stand.port).then(
        () => false,
        () => true,
      ),
    );
    finish();
    assert.equal((await call).body, 'first second');
    await stopped;
    assert.ok(!isRunning(process));
    for (const file of ['edge.sock', 'edge.json']) assert.ok(!existsSync(join(stand.folder, file)), file);
    assert.equal((await stand.edge.status()).isRunning, false);
    await assert.rejects(
      stand.edge.ask(STAND_HOST, '/'),
      (error) => isReported(error) && error.report.code === 'edge.not-reached',
    );
    assert.equal(await stand.edge.metrics(), null);
    await stand.edge.ensureRunning();
  });
});

describe('starting the builtin edge', () => {
  const withHome = async (use: (home: string) => Promise<void>): Promise<void> => {
    const home = mkdtempSync(join(tmpdir(), 'reeve-edge-'));
    try {
      await use(home);
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  };

  it('leaves it serving when whoever started it is killed', () =>
    withHome(async (home) => {
      const port = await freePort();
      const starter = fork(STARTER, [home, String(port)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      await new Promise((resolve) => starter.once('message', resolve));
      const gone = new Promise((resolve) => starter.once('exit', resolve));
      starter.kill('SIGKILL');
      await gone;
      const answer = await callDoor(port, { host: 'nobody.localhost' });
      assert.equal(answer.headers['x-reeve-edge'], '404 no-route');
      const edge = openBuiltinEdge({ layout: { home, socket: '' }, listen: { host: '127.0.0.1', port } });
      await edge.ensureRunning();
      await edge.stop();
      await edge.close();
    }));

  it('ends it when its folder is removed, for nobody can reach it any more', () =>
    withHome(async (home) => {
      const edge = openBuiltinEdge({
        layout: { home, socket: '' },
        listen: { host: '127.0.0.1', port: await freePort() },
      });
      await edge.ensureRunning();
      const { pid } = await edge.status();
      await edge.close();
      rmSync(home, { recursive: true });
      await eventually('it is gone', () => !isRunning(pid!));
      assert.ok(!existsSync(home));
    }));

  it('says who has the port when it is taken, and what to do', () =>
    withHome(async (home) => {
      const stranger = createServer();
      await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
      const address = stranger.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      const edge = openBuiltinEdge({ layout: { home, socket: '' }, listen: { host: '127.0.0.1', port } });
      await assert.rejects(edge.ensureRunning(), (error) => {
        assert.ok(isReported(error));
        assert.equal(error.report.code, 'edge.port-taken');
        assert.match(error.message, new RegExp(`process ${process.pid} \\(`));
        assert.match(error.report.fix ?? '', /REEVE_EDGE_PORT/);
        return true;
      });
      await edge.close();
      await new Promise((resolve) => stranger.close(resolve));
    }));

  it('brings the last lines of its log when it does not start', () =>
    withHome(async (home) => {
      const edge = openBuiltinEdge({
        layout: { home, socket: '' },
        listen: { host: '127.0.0.1', port: 70_000 },
      });
      await assert.rejects(edge.ensureRunning(), (error) => {
        assert.ok(isReported(error));
        assert.equal(error.report.code, 'edge.not-started');
        assert.match(error.report.log?.join('\n') ?? '', /does not start/);
        return true;
      });
      await edge.close();
    }));

  it('works in a folder whose socket path is too long for the kernel', () =>
    withHome(async (home) => {
      const deep = join(home, 'x'.repeat(120));
      const port = await freePort();
      const edge = openBuiltinEdge({
        layout: { home: deep, socket: '' },
        listen: { host: '127.0.0.1', port },
      });
      await edge.ensureRunning();
      assert.equal((await edge.status()).isRunning, true);
      assert.equal((await edge.ask(STAND_HOST, '/')).status, 404);
      await edge.stop();
      await edge.close();
    }));
});
