// The builtin edge between instances that misbehave and clients that take their time.
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../worlds/conditions.ts';
import { callDoor, echo, type EdgeStand, openEdgeStand, STAND_HOST } from '../worlds/edge-stand.ts';

const HEAD = `Host: ${STAND_HOST}\r\n`;

describe('the builtin edge with a bad neighbour', () => {
  let stand: EdgeStand;
  before(async () => {
    stand = await openEdgeStand({ limits: { headerMs: 500, stallMs: 700, answerMs: 1000 } });
  });
  after(() => stand.close());

  const upstreamTraffic = async () =>
    (await stand.edge.traffic('shop')).find((each) => each.seat === 'blue')!;

  it('slows an instance down when the client does not read, and ends with that client in the end', async () => {
    let sent = 0;
    await stand.serve((_req, res) => {
      const more = (): void => {
        while (sent < 200_000_000) {
          sent += 16_384;
          if (!res.write(Buffer.alloc(16_384))) break;
        }
        res.once('drain', more);
      };
      more();
    });
    const socket = await stand.dial();
    socket.pause();
    socket.write(`GET / HTTP/1.1\r\n${HEAD}\r\n`);
    await eventually('the instance has begun', () => sent > 0);
    await eventually('the edge gave up on it', async () => (await upstreamTraffic()).inFlight === 0);
    assert.ok(sent < 50_000_000, `${sent} bytes were taken`);
    socket.destroy();
  });

  it('sends a GET once more when the instance closed the idle connection it was sent on', async () => {
    let served = 0;
    await stand.serveBytes((socket) => {
      // Says nothing of closing, answers one request on each connection, and resets at the second.
      const mine = socket as Socket & { had?: boolean };
      if (mine.had) return socket.resetAndDestroy();
      mine.had = true;
      served += 1;
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
    for (let times = 0; times < 5; times += 1) assert.equal((await stand.call()).status, 200);
    assert.equal(served, 5);
  });

  it('answers 502 when an instance that read the whole POST resets the connection', async () => {
    let seen = 0;
    await stand.serveBytes((socket) => {
      seen += 1;
      socket.resetAndDestroy();
    });
    const answer = await stand.call({ method: 'POST', body: 'pay' });
    assert.deepEqual([answer.status, answer.headers['x-reeve-edge'], seen], [502, '502 upstream-reset', 1]);
  });

  it('answers 502 when an instance does not speak HTTP', async () => {
    await stand.serveBytes((socket) => socket.end('SSH-2.0-OpenSSH\r\n'));
    const answer = await stand.call();
    assert.deepEqual([answer.status, answer.headers['x-reeve-edge']], [502, '502 upstream-invalid']);
  });

  it('answers 502 when an instance gives a status or a field that is none', async () => {
    for (const head of [
      'HTTP/1.1 999 \u0001',
      'HTTP/1.1 099 x',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x',
    ]) {
      await stand.serveBytes((socket) => socket.end(`${head}\r\nContent-Length: 0\r\n\r\n`));
      assert.equal((await stand.call()).status, 502, head);
    }
  });

  it('answers 504 when an instance says nothing for too long', async () => {
    await stand.serve(() => undefined);
    const answer = await stand.call();
    assert.deepEqual([answer.status, answer.headers['x-reeve-edge']], [504, '504 upstream-timeout']);
    assert.equal((await upstreamTraffic()).failed, 1);
  });

  it('serves others while slow clients send their headers byte by byte, and ends the slow ones', async () => {
    await stand.serve(echo);
    const slow = await Promise.all(Array.from({ length: 50 }, () => stand.dial()));
    let ended = 0;
    for (const socket of slow) {
      socket.on('error', () => undefined);
      socket.on('close', () => (ended += 1));
      socket.resume();
      socket.write('GET / HTTP/1.1\r\nHost: ');
    }
    const drip = setInterval(() => slow.forEach((socket) => socket.writable && socket.write('a')), 100);
    assert.equal((await stand.call()).status, 200);
    await eventually('the slow ones are ended', () => ended === slow.length);
    clearInterval(drip);
  });

  it('answers 408 when an upload stands still', async () => {
    await stand.serve(echo);
    const socket = await stand.dial();
    let seen = '';
    socket.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    socket.write(`POST / HTTP/1.1\r\n${HEAD}Content-Length: 100\r\n\r\nhalf`);
    await eventually('the edge gave up', () => socket.closed);
    assert.match(seen, /^HTTP\/1\.1 408 .*X-Reeve-Edge: 408 request-stalled/s);
    assert.equal((await upstreamTraffic()).inFlight, 0);
  });
});

describe('the builtin edge with a trusted proxy in front', () => {
  it('believes what that proxy says, and adds the proxy to the list', async () => {
    const stand = await openEdgeStand({ trusted: ['127.0.0.1'] });
    try {
      await stand.serve((req, res) => void res.end(JSON.stringify(req.headers)));
      const { body } = await callDoor(stand.port, {
        headers: {
          'x-forwarded-for': '9.9.9.9',
          'x-forwarded-proto': 'https',
          'x-forwarded-host': 'shop.example',
        },
      });
      const headers = JSON.parse(body);
      assert.deepEqual(
        [headers['x-forwarded-for'], headers['x-forwarded-proto'], headers['x-forwarded-host']],
        ['9.9.9.9, 127.0.0.1', 'https', 'shop.example'],
      );
    } finally {
      await stand.close();
    }
  });
});
