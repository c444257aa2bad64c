// Connections that stop being HTTP: passed on byte by byte, counted until they end.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { eventually } from '../worlds/conditions.ts';
import {
  type EdgeStand,
  freePort,
  openEdgeStand,
  STAND_HOST,
  type StandInstance,
} from '../worlds/edge-stand.ts';

const UPGRADE = `GET /ws HTTP/1.1\r\nHost: ${STAND_HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;

describe('the builtin edge, asked to upgrade,', () => {
  let stand: EdgeStand;
  let slots: { slot: number; blue: number; green: number }[];
  const sockets = new Set<Socket>();
  const serve = async (name: string): Promise<StandInstance> => {
    const instance = await stand.instance((_req, res) => void res.end('plain'));
    instance.server.on('upgrade', (req, socket: Socket, head: Buffer) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      if (req.url === '/no') {
        socket.end(
          'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nX-Why: no\r\nX-Reeve-Edge: spoofed\r\n\r\nno',
        );
        return;
      }
      const key = createHash('sha1').update(
        `${req.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`,
      );
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-From: ${String(req.headers['x-forwarded-for'])}\r\nSec-WebSocket-Accept: ${key.digest('base64')}\r\n\r\n${name} says hello;`,
      );
      if (head.length > 0) socket.write(head);
      socket.pipe(socket);
    });
    return instance;
  };
  before(async () => {
    stand = await openEdgeStand({ limits: { stallMs: 300 } });
    slots = [{ slot: 1, blue: (await serve('old')).port, green: (await serve('new')).port }];
  });
  beforeEach(async () => {
    await stand.configure([{ slots }]);
    await stand.flag([]);
  });
  after(async () => {
    for (const socket of sockets) socket.destroy();
    await stand.close();
  });

  const open = async (
    bytes = UPGRADE,
  ): Promise<{ socket: Socket; seen: () => string; sees: (text: string) => Promise<unknown> }> => {
    const socket = await stand.dial();
    sockets.add(socket);
    let all = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => (all += chunk.toString('latin1')));
    socket.write(bytes);
    return {
      socket,
      seen: () => all,
      sees: (text) => eventually(`"${text}" comes back`, () => all.includes(text)),
    };
  };
  const inFlight = async (seat: string): Promise<number> =>
    (await stand.edge.traffic('shop')).find((each) => each.seat === seat)!.inFlight;

  it('passes the handshake and then every byte both ways, for as long as it lasts', async () => {
    const { socket, seen, sees } = await open();
    await sees('old says hello;');
    assert.match(
      seen(),
      /^HTTP\/1\.1 101 [^]*X-From: 127\.0\.0\.1[^]*Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/,
    );
    socket.write('\x00\xffping');
    await sees('ping');
    // Longer than a quiet HTTP client may take.
    await eventually('a while passed', () => socket.bytesRead > 0 && performance.now() > quietUntil);
    socket.write('still here');
    await sees('still here');
    socket.destroy();
  });
  const quietUntil = performance.now() + 1500;

  it('counts it in flight at its instance until it ends, also over a switch', async () => {
    const { socket, sees } = await open();
    await sees('hello;');
    await stand.flag(['web.1']);
    assert.deepEqual([await inFlight('blue'), await inFlight('green')], [1, 0]);
    socket.write('still here');
    await sees('still here');
    socket.end();
    await eventually('it is over', async () => (await inFlight('blue')) === 0);
  });

  it('lives on when a site is configured anew', async () => {
    const { socket, sees } = await open();
    await sees('hello;');
    await stand.configure([{ slots, holdMs: 1 }]);
    socket.write('still here');
    await sees('still here');
    socket.destroy();
  });

  it('waits in the waiting room, with what was sent too early', async () => {
    await stand.flag([], ['web']);
    const { socket, sees } = await open(`${UPGRADE}early`);
    await eventually('it waits', async () => (await stand.edge.metrics())!.waiting === 1);
    await stand.flag(['web.1']);
    await sees('new says hello;early');
    socket.destroy();
  });

  it('passes the no of an instance in its own words, and ends', async () => {
    const { socket, seen } = await open(UPGRADE.replace('/ws', '/no'));
    await eventually('the connection ends', () => socket.closed || socket.readableEnded);
    assert.match(seen(), /^HTTP\/1\.1 403 Forbidden\r\n[^]*X-Why: no[^]*no$/);
    assert.doesNotMatch(seen(), /spoofed/);
    await eventually('it is over', async () => (await inFlight('blue')) === 0);
  });

  it('answers 502 when no instance is there, and 404 when no route is', async () => {
    await stand.configure([{ slots: [{ slot: 1, blue: await freePort(), green: await freePort() }] }]);
    assert.match(await stand.raw(UPGRADE), /^HTTP\/1\.1 502 [^]*X-Reeve-Edge: 502 upstream-refused/);
    assert.match(await stand.raw(UPGRADE.replace(STAND_HOST, 'x.localhost')), /^HTTP\/1\.1 404 /);
  });

  it('ends the client when the instance dies', async () => {
    const doomed = await serve('doomed');
    await stand.configure([{ slots: [{ slot: 1, blue: doomed.port, green: await freePort() }] }]);
    const { socket, sees } = await open();
    await sees('hello;');
    for (const each of sockets) if (each.localPort === doomed.port) each.resetAndDestroy();
    await eventually('the client knows', () => socket.closed);
  });
});
