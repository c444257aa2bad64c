// The promises of ports/edge.ts, asked of every edge: what holds here may be built upon.
import assert from 'node:assert/strict';
import { createServer, request, type Server } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { openBuiltinEdge } from '../../src/edge/builtin/open-builtin-edge.ts';
import { type EdgeService, type Flags, NO_FLAGS } from '../../src/model/edge.ts';
import { isReported } from '../../src/model/error.ts';
import type { Edge } from '../../src/ports/edge.ts';
import { eventually } from '../worlds/conditions.ts';
import { freePort } from '../worlds/edge-stand.ts';
import { FakeEdge } from '../worlds/fake-edge.ts';

type World = {
  readonly edge: Edge;
  /** Something that answers every request with `status`; a port that refuses where it is null. */
  readonly listen: (status: number | null) => Promise<number>;
  /** A client's request that its instance keeps open; resolves once the instance has it. */
  readonly openRequest: (host: string) => Promise<{ readonly end: () => Promise<void> }>;
  readonly close: () => Promise<void>;
};

const openFakeWorld = async (): Promise<World> => {
  const edge = new FakeEdge();
  let port = 20_000;
  return {
    edge,
    listen: async (status) => {
      port += 1;
      if (status !== null) edge.instances.set(port, status);
      return port;
    },
    openRequest: async (host) => {
      const open = await edge.request(host, '/slow');
      return { end: async () => open.end() };
    },
    close: () => edge.close(),
  };
};

const openBuiltinWorld = async (): Promise<World> => {
  const home = mkdtempSync(join(tmpdir(), 'reeve-edge-'));
  const listen = { host: '127.0.0.1', port: await freePort() };
  const edge = openBuiltinEdge({ layout: { home, socket: '' }, listen });
  const servers: Server[] = [];
  const slow: (() => void)[] = [];
  return {
    edge,
    listen: async (status) => {
      if (status === null) return freePort();
      const server = createServer((req, res) => {
        res.statusCode = status;
        if (req.url === '/slow') slow.push(() => res.end());
        else res.end();
      });
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return (server.address() as AddressInfo).port;
    },
    openRequest: async (host) => {
      const known = slow.length;
      const answered = new Promise<void>((resolve, reject) => {
        const req = request({ ...listen, path: '/slow', headers: { host }, agent: false }, (res) => {
          res.resume();
          res.on('end', resolve);
        });
        req.on('error', reject).end();
      });
      await eventually('the instance has the request', () => slow.length > known);
      return {
        end: async () => {
          slow.at(-1)!();
          await answered;
        },
      };
    },
    close: async () => {
      await edge.stop();
      await edge.close();
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
      rmSync(home, { recursive: true, force: true });
    },
  };
};

const WORLDS = { fake: openFakeWorld, builtin: openBuiltinWorld };

const flags = (parts: Partial<Flags>): Flags => ({ ...NO_FLAGS, ...parts });
const green = (...keys: string[]): Flags =>
  flags({ seats: Object.fromEntries(keys.map((key) => [key, 'green'])) });

for (const [name, openWorld] of Object.entries(WORLDS)) {
  describe(`edge ${name}`, () => {
    let world: World;
    let edge: Edge;
    before(async () => {
      world = await openWorld();
      edge = world.edge;
      await edge.ensureRunning();
    });
    after(() => world.close());
    beforeEach(async () => {
      for (const stack of ['shop', 'blog']) {
        await edge.configure(stack, null);
        await edge.forget(stack);
      }
    });

    const service = async (parts: Partial<EdgeService> = {}): Promise<EdgeService> => ({
      service: 'web',
      routes: [{ host: 'shop.localhost', path: '/', stripPath: false }],
      slots: [{ slot: 1, blue: await world.listen(200), green: await world.listen(201) }],
      holdMs: 20_000,
      ...parts,
    });
    const configure = async (...services: EdgeService[]): Promise<void> =>
      edge.configure('shop', { stack: 'shop', services });
    const isCode = (code: string) => (error: unknown) => isReported(error) && error.report.code === code;
    const countsOf = async (seat: 'blue' | 'green') =>
      (await edge.traffic('shop')).find((each) => each.seat === seat)!;

    it('gives back the site it was configured with, and none after it was removed', async () => {
      const site = { stack: 'shop', services: [await service()] };
      await edge.configure('shop', site);
      assert.deepEqual(await edge.site('shop'), site);
      assert.deepEqual((await edge.status()).sites, [site]);
      await edge.configure('shop', site);
      await edge.configure('shop', null);
      await edge.configure('shop', null);
      assert.equal(await edge.site('shop'), null);
      assert.deepEqual(await edge.ask('shop.localhost', '/'), { status: 404, servedBy: null });
    });

    it('serves from blue while there are no flags', async () => {
      await configure(await service());
      assert.deepEqual(await edge.flags('shop'), NO_FLAGS);
      assert.deepEqual(await edge.ask('shop.localhost', '/x?y'), {
        status: 200,
        servedBy: { service: 'web', slot: 1, seat: 'blue' },
      });
    });

    it('moves the routes of all services with one switch, and may be told twice', async () => {
      const api = await service({
        service: 'api',
        routes: [{ host: 'shop.localhost', path: '/api', stripPath: false }],
      });
      await configure(await service(), api);
      for (let times = 0; times < 2; times += 1) await edge.switch('shop', green('web.1', 'api.1'));
      assert.deepEqual(await edge.flags('shop'), green('api.1', 'web.1'));
      assert.deepEqual((await edge.ask('shop.localhost', '/')).servedBy, {
        service: 'web',
        slot: 1,
        seat: 'green',
      });
      assert.deepEqual((await edge.ask('shop.localhost', '/api/x')).servedBy, {
        service: 'api',
        slot: 1,
        seat: 'green',
      });
      assert.deepEqual((await edge.ask('shop.localhost', '/apix')).servedBy?.service, 'web');
    });

    it('says nothing of blue seats in the flags it gives back', async () => {
      await edge.switch('shop', flags({ seats: { 'web.1': 'blue', 'web.2': 'green' } }));
      assert.deepEqual((await edge.flags('shop')).seats, { 'web.2': 'green' });
    });

    it('serves from blue again when the flags are forgotten', async () => {
      await configure(await service());
      await edge.switch('shop', green('web.1'));
      await edge.forget('shop');
      await edge.forget('shop');
      assert.deepEqual(await edge.flags('shop'), NO_FLAGS);
      assert.equal((await edge.ask('shop.localhost', '/')).servedBy?.seat, 'blue');
    });

    it('moves one slot of a service and leaves the other when only its flag changes', async () => {
      const slots = [
        { slot: 1, blue: await world.listen(200), green: await world.listen(200) },
        { slot: 2, blue: await world.listen(200), green: await world.listen(200) },
      ];
      await configure(await service({ slots }));
      await edge.switch('shop', green('web.2'));
      const served = new Set<string>();
      for (let times = 0; times < 8; times += 1) {
        const { servedBy } = await edge.ask('shop.localhost', '/');
        served.add(`${servedBy?.slot}-${servedBy?.seat}`);
      }
      assert.deepEqual([...served].toSorted(), ['1-blue', '2-green']);
    });

    it('tries another slot when one refuses', async () => {
      const slots = [
        { slot: 1, blue: await world.listen(null), green: await world.listen(null) },
        { slot: 2, blue: await world.listen(200), green: await world.listen(null) },
      ];
      await configure(await service({ slots }));
      for (let times = 0; times < 4; times += 1) {
        assert.equal((await edge.ask('shop.localhost', '/')).servedBy?.slot, 2);
      }
    });

    it('answers 502 by itself and counts it when no instance accepts a connection', async () => {
      await configure(
        await service({
          slots: [{ slot: 1, blue: await world.listen(null), green: await world.listen(null) }],
        }),
      );
      assert.deepEqual(await edge.ask('shop.localhost', '/'), { status: 502, servedBy: null });
      assert.equal((await countsOf('blue')).failed, 1);
    });

    it('answers 503 by itself when a service has no slots', async () => {
      await configure(await service({ slots: [] }));
      assert.deepEqual(await edge.ask('shop.localhost', '/'), { status: 503, servedBy: null });
      assert.deepEqual(await edge.traffic('shop'), []);
    });

    it('counts requests, and the instance errors among them, for each seat', async () => {
      const slot = { slot: 1, blue: await world.listen(500), green: await world.listen(404) };
      await configure(await service({ slots: [slot] }));
      await edge.ask('shop.localhost', '/');
      await edge.switch('shop', green('web.1'));
      await edge.ask('shop.localhost', '/');
      await edge.ask('shop.localhost', '/');
      const counts = { service: 'web', slot: 1, failed: 0, inFlight: 0 };
      assert.deepEqual(await edge.traffic('shop'), [
        { ...counts, seat: 'blue', port: slot.blue, requests: 1, errors: 1 },
        { ...counts, seat: 'green', port: slot.green, requests: 2, errors: 0 },
      ]);
    });

    it('counts a request in flight that was chosen before a switch until it has ended', async () => {
      await configure(await service());
      const open = await world.openRequest('shop.localhost');
      await edge.switch('shop', green('web.1'));
      assert.equal((await countsOf('blue')).inFlight, 1);
      await edge.ask('shop.localhost', '/');
      assert.equal((await countsOf('green')).inFlight, 0);
      await open.end();
      await eventually('the request has ended', async () => (await countsOf('blue')).inFlight === 0);
    });

    it('holds requests until the flag goes, and then serves them from where the flags say', async () => {
      await configure(await service());
      await edge.switch('shop', flags({ held: ['web'] }));
      const asked = edge.ask('shop.localhost', '/');
      const waited = await Promise.race([
        asked,
        edge.ask('shop.localhost', '/', AbortSignal.timeout(100)).catch(() => 'held'),
      ]);
      assert.equal(waited, 'held');
      await edge.switch('shop', green('web.1'));
      assert.deepEqual(await asked, { status: 201, servedBy: { service: 'web', slot: 1, seat: 'green' } });
    });

    it('answers 503 by itself when a request was held for as long as the service allows', async () => {
      await configure(await service({ holdMs: 50 }));
      await edge.switch('shop', flags({ held: ['web'] }));
      assert.deepEqual(await edge.ask('shop.localhost', '/'), { status: 503, servedBy: null });
    });

    it('gives up asking with the reason of the signal when that aborts', async () => {
      await configure(await service());
      await edge.switch('shop', flags({ held: ['web'] }));
      const reason = new Error('no longer of interest');
      const abort = new AbortController();
      const asked = edge.ask('shop.localhost', '/', abort.signal);
      setImmediate(() => abort.abort(reason));
      await assert.rejects(asked, reason);
    });

    it('answers 503 by itself while a service is in maintenance', async () => {
      await configure(await service());
      await edge.switch('shop', flags({ maintenance: ['web'], held: ['web'] }));
      assert.deepEqual(await edge.ask('shop.localhost', '/'), { status: 503, servedBy: null });
    });

    it('prefers the whole host to the wildcard, and covers one label with it', async () => {
      const any = await service({
        service: 'any',
        routes: [{ host: '*.shop.localhost', path: '/', stripPath: false }],
      });
      const one = await service({
        service: 'one',
        routes: [{ host: 'a.shop.localhost', path: '/', stripPath: false }],
      });
      await configure(any, one);
      assert.equal((await edge.ask('a.shop.localhost', '/')).servedBy?.service, 'one');
      assert.equal((await edge.ask('b.shop.localhost', '/')).servedBy?.service, 'any');
      assert.equal((await edge.ask('b.c.shop.localhost', '/')).status, 404);
      assert.equal((await edge.ask('shop.localhost', '/')).status, 404);
    });

    it('refuses a host and path that another stack has, and leaves both as they were', async () => {
      await configure(await service());
      const rival = { stack: 'blog', services: [await service({ service: 'blog' })] };
      await assert.rejects(edge.configure('blog', rival), isCode('edge.route-taken'));
      assert.equal(await edge.site('blog'), null);
      assert.equal((await edge.ask('shop.localhost', '/')).servedBy?.service, 'web');
    });

    it('refuses a site that is not one, and keeps the one before', async () => {
      await configure(await service());
      const broken = await service({
        routes: [{ host: 'shop.localhost', path: 'no-slash', stripPath: false }],
      });
      await assert.rejects(configure(broken), isCode('edge.invalid-site'));
      assert.equal((await edge.ask('shop.localhost', '/')).servedBy?.service, 'web');
    });

    it('knows no traffic of a stack it does not have', async () => {
      assert.deepEqual(await edge.traffic('nobody'), []);
    });

    it('serves the sites and flags it had when it is stopped and started again', async () => {
      await configure(await service());
      await edge.switch('shop', green('web.1'));
      await edge.ensureRunning();
      assert.equal((await edge.status()).isRunning, true);
      await edge.stop();
      await edge.stop();
      assert.equal((await edge.status()).isRunning, false);
      await edge.ensureRunning();
      assert.equal((await edge.ask('shop.localhost', '/')).servedBy?.seat, 'green');
    });
  });
}
