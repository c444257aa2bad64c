// The waiting room: requests of a held service wait with all they brought, and nothing else waits for them.
import assert from 'node:assert/strict';
import { readlinkSync, renameSync, symlinkSync, mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { text } from 'node:stream/consumers';
import { eventually } from '../worlds/conditions.ts';
import { type EdgeStand, openEdgeStand, STAND_HOST } from '../worlds/edge-stand.ts';

const HEAD = `Host: ${STAND_HOST}\r\n`;

describe('the waiting room of the builtin edge', () => {
  let stand: EdgeStand;
  let slots: { slot: number; blue: number; green: number }[];
  before(async () => {
    stand = await openEdgeStand({ limits: { waiting: 20, stallMs: 1000 } });
    const instance = async (name: string): Promise<number> =>
      (
        await stand.instance(
          (req, res) => void text(req).then((body) => res.end(`${name} ${req.method} ${body}`)),
        )
      ).port;
    slots = [{ slot: 1, blue: await instance('old'), green: await instance('new') }];
  });
  beforeEach(async () => {
    await stand.configure([{ slots }]);
    await stand.flag([]);
  });
  after(() => stand.close());

  const waiting = async (): Promise<number> => (await stand.edge.metrics())!.waiting;
  const waits = (count: number): Promise<unknown> =>
    eventually(`${count} wait`, async () => (await waiting()) === count);

  it('holds requests of every method, and serves them with their bodies from the new instance', async () => {
    await stand.flag([], ['web']);
    const big = 'x'.repeat(3_000_000);
    const calls = [
      stand.call(),
      stand.call({ method: 'POST', body: 'small' }),
      stand.call({ method: 'PUT', body: big, headers: { 'transfer-encoding': 'chunked' } }),
      stand.call({ method: 'DELETE' }),
    ];
    await waits(4);
    await stand.flag(['web.1']);
    assert.deepEqual(
      (await Promise.all(calls)).map(({ body }) => body),
      ['new GET ', 'new POST small', `new PUT ${big}`, 'new DELETE '],
    );
  });

  it('sends 503 and when to try again after the service allows no more', async () => {
    await stand.configure([{ slots, holdMs: 200 }]);
    await stand.flag([], ['web']);
    const { status, headers, body } = await stand.call({ method: 'POST', body: 'x' });
    assert.deepEqual(
      [status, headers['retry-after'], headers['x-reeve-edge']],
      [503, '5', '503 held-too-long'],
    );
    assert.match(body, /being replaced/);
    assert.equal(await waiting(), 0);
  });

  it('does not ask for the body of a waiting request that expects 100', async () => {
    await stand.flag([], ['web']);
    let hasContinued = false;
    const answer = new Promise<string>((resolve, reject) => {
      const headers = { host: STAND_HOST, expect: '100-continue', 'content-length': '4' };
      const req = request(
        { host: '127.0.0.1', port: stand.port, method: 'POST', agent: false, headers },
        (res) => {
          void text(res).then(resolve);
        },
      );
      req.on('continue', () => {
        hasContinued = true;
        req.end('body');
      });
      req.on('error', reject);
      req.flushHeaders();
    });
    await waits(1);
    assert.equal(hasContinued, false);
    await stand.flag(['web.1']);
    assert.equal(await answer, 'new POST body');
  });

  it('keeps pipelined requests in order over a wait', async () => {
    await stand.flag([], ['web']);
    const answer = stand.raw(
      `POST / HTTP/1.1\r\n${HEAD}Content-Length: 1\r\n\r\n1GET / HTTP/1.1\r\n${HEAD}Connection: close\r\n\r\n`,
    );
    await waits(1);
    await stand.flag([]);
    assert.deepEqual((await answer).match(/old \w+ ?\d?/g), ['old POST 1', 'old GET ']);
  });

  it('holds an upload that is still on its way, without ending it for being slow', async () => {
    await stand.flag([], ['web']);
    const answer = new Promise<string>((resolve, reject) => {
      const req = request(
        { host: '127.0.0.1', port: stand.port, method: 'POST', agent: false, headers: { host: STAND_HOST } },
        (res) => void text(res).then(resolve),
      );
      req.on('error', reject);
      req.write('first ');
      setTimeout(() => req.end('second'), 1500);
    });
    await waits(1);
    assert.equal(await stand.edge.ask(STAND_HOST, '/', AbortSignal.timeout(50)).catch(() => null), null);
    setTimeout(() => void stand.flag(['web.1']), 1300);
    assert.equal(await answer, 'new POST first second');
  });

  it('answers 503 at once when it is full, and serves other services meanwhile', async () => {
    const api = await stand.instance((_req, res) => void res.end('api'));
    const other = {
      service: 'api',
      slots: [{ slot: 1, blue: api.port, green: 9 }],
      routes: [{ host: STAND_HOST, path: '/api', stripPath: false }],
    };
    await stand.configure([{ slots }, other]);
    await stand.flag([], ['web']);
    const held = Array.from({ length: 20 }, () => stand.call());
    await waits(20);
    assert.equal((await stand.call()).headers['x-reeve-edge'], '503 waiting-room-full');
    assert.equal((await stand.call({ path: '/api' })).body, 'api');
    await stand.flag([]);
    for (const answer of await Promise.all(held)) assert.equal(answer.body, 'old GET ');
  });

  it('lets a client go that does not want to wait', async () => {
    await stand.flag([], ['web']);
    const socket = await stand.dial();
    socket.write(`GET / HTTP/1.1\r\n${HEAD}\r\n`);
    await waits(1);
    socket.destroy();
    await waits(0);
  });

  it('notices that the flag went when nobody tells it', async () => {
    await stand.flag([], ['web']);
    const call = stand.call();
    await waits(1);
    // What an agent does that dies before it can tell: a generation, and the link.
    const folder = join(stand.folder, 'flags/shop');
    const generation = `gen-${Number(readlinkSync(join(folder, 'current')).slice(4)) + 1}`;
    mkdirSync(join(folder, generation));
    writeFileSync(join(folder, generation, 'web.1.green'), '');
    symlinkSync(generation, join(folder, '.link'));
    const began = performance.now();
    renameSync(join(folder, '.link'), join(folder, 'current'));
    assert.equal((await call).body, 'new GET ');
    assert.ok(performance.now() - began < 1000);
  });

  it('shows the maintenance page rather than letting anybody wait', async () => {
    await stand.flag([], ['web'], ['web']);
    const { status, headers } = await stand.call();
    assert.deepEqual([status, headers['x-reeve-edge']], [503, '503 maintenance']);
  });

  it('serves a waiting request by the site that is in force when the wait ends', async () => {
    await stand.flag([], ['web']);
    const call = stand.call();
    await waits(1);
    await stand.configure([{ slots: [{ slot: 1, blue: slots[0]!.green, green: slots[0]!.blue }] }]);
    await stand.flag([]);
    assert.equal((await call).body, 'new GET ');
  });
});
