// HTTP through the builtin edge: what passes, what is taken off, and what is refused.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { text } from 'node:stream/consumers';
import { eventually } from '../worlds/conditions.ts';
import { echo, type EdgeStand, freePort, openEdgeStand, STAND_HOST } from '../worlds/edge-stand.ts';

const HEAD = `Host: ${STAND_HOST}\r\n`;
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('the builtin edge', () => {
  let stand: EdgeStand;
  before(async () => {
    stand = await openEdgeStand();
  });
  after(() => stand.close());

  const upstreamTraffic = async () =>
    (await stand.edge.traffic('shop')).find((each) => each.seat === 'blue')!;

  it('passes method, path, query, host and body as they came', async () => {
    await stand.serve(echo);
    const { body } = await stand.call({
      method: 'PUT',
      path: '/a%20b/../c?d=é'.replace('é', '%C3%A9'),
      body: 'hello',
    });
    const seen = JSON.parse(body);
    assert.deepEqual(
      [seen.method, seen.url, seen.body, seen.headers.host],
      ['PUT', '/a%20b/../c?d=%C3%A9', 'hello', STAND_HOST],
    );
  });

  it('passes a body under any method, and an empty one too', async () => {
    await stand.serve(echo);
    for (const method of ['GET', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND']) {
      const headers = { 'content-length': '4' };
      assert.equal(
        JSON.parse((await stand.call({ method, body: 'body', headers })).body).body,
        'body',
        method,
      );
    }
    const empty = JSON.parse((await stand.call({ method: 'POST', headers: { 'content-length': '0' } })).body);
    assert.deepEqual([empty.body, empty.headers['content-length']], ['', '0']);
  });

  it('finds the route when the host has a port, a final dot or capitals', async () => {
    await stand.serve(echo);
    for (const host of [`${STAND_HOST}:7080`, `${STAND_HOST}.`, 'Shop.LocalHost:80']) {
      assert.equal((await stand.call({ host })).status, 200, host);
    }
    assert.equal((await stand.call({ host: 'other.localhost' })).status, 404);
  });

  it('takes a stripped prefix off, and tells it to the instance', async () => {
    const { port } = await stand.instance(echo);
    await stand.configure([
      {
        routes: [{ host: STAND_HOST, path: '/api', stripPath: true }],
        slots: [{ slot: 1, blue: port, green: await freePort() }],
      },
    ]);
    for (const [path, seen] of [
      ['/api/x?y', '/x?y'],
      ['/api', '/'],
      ['/api?y', '/?y'],
      ['/api//x', '//x'],
    ] as const) {
      const answer = JSON.parse((await stand.call({ path })).body);
      assert.deepEqual([answer.url, answer.headers['x-forwarded-prefix']], [seen, '/api']);
    }
    assert.equal((await stand.call({ path: '/apix' })).status, 404);
  });

  it('removes what is about one connection, in both directions', async () => {
    await stand.serve((req, res) => {
      res.writeHead(200, [
        'Connection',
        'X-Private',
        'X-Private',
        'secret',
        'Proxy-Authenticate',
        'Basic',
        'X-Reeve-Served-By',
        'somebody',
        'X-Reeve-Edge',
        '502 spoofed',
        'Set-Cookie',
        'a=1',
        'Set-Cookie',
        'b=2',
        'X-Seen',
        JSON.stringify(req.headers),
      ]);
      res.end('ok');
    });
    const answer = await stand.call({
      headers: {
        connection: 'keep-alive, X-Hop, Host',
        'x-hop': '1',
        te: 'trailers',
        'proxy-authorization': 'Basic x',
        'keep-alive': 'timeout=5',
        proxy: 'http://evil',
        'x-end': '2',
      },
    });
    const seen = JSON.parse(answer.headers['x-seen'] as string);
    for (const gone of ['x-hop', 'te', 'proxy-authorization', 'keep-alive', 'proxy'])
      assert.equal(seen[gone], undefined, gone);
    assert.deepEqual([seen['x-end'], seen.host], ['2', STAND_HOST]);
    for (const gone of ['x-private', 'proxy-authenticate', 'x-reeve-served-by', 'x-reeve-edge']) {
      assert.equal(answer.headers[gone], undefined, gone);
    }
    assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2']);
    assert.equal(answer.headers.via, '1.1 reeve');
  });

  it('replaces what a client says about where it comes from', async () => {
    await stand.serve(echo);
    const { body } = await stand.call({
      headers: {
        'x-forwarded-for': '6.6.6.6',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'evil',
        forwarded: 'for=6.6.6.6',
        'x-real-ip': '6.6.6.6',
      },
    });
    const { headers } = JSON.parse(body);
    assert.deepEqual(
      [
        headers['x-forwarded-for'],
        headers['x-forwarded-proto'],
        headers['x-forwarded-host'],
        headers.forwarded,
        headers['x-real-ip'],
      ],
      ['127.0.0.1', 'http', STAND_HOST, undefined, undefined],
    );
  });

  it('keeps a sane request id, replaces another, and gives it to both sides', async () => {
    await stand.serve(echo);
    const kept = await stand.call({ headers: { 'x-request-id': 'abc-123' } });
    assert.deepEqual(
      [kept.headers['x-request-id'], JSON.parse(kept.body).headers['x-request-id']],
      ['abc-123', 'abc-123'],
    );
    const made = await stand.call({ headers: { 'x-request-id': '<script>' } });
    assert.match(made.headers['x-request-id'] as string, /^[0-9a-f-]{36}$/);
  });

  it('tells who served only to whoever knows the token', async () => {
    await stand.serve(echo);
    const answer = await stand.call({ headers: { 'x-reeve-ask': 'f'.repeat(64) } });
    assert.equal(answer.headers['x-reeve-served-by'], undefined);
    assert.equal(JSON.parse(answer.body).headers['x-reeve-ask'], undefined);
    assert.equal((await stand.edge.ask(STAND_HOST, '/')).servedBy?.service, 'web');
  });

  it('answers pipelined requests in order, one after the other', async () => {
    let busy = 0;
    let most = 0;
    await stand.serve((req, res) => {
      most = Math.max(most, (busy += 1));
      setTimeout(
        () => {
          busy -= 1;
          res.end(`[${req.url}]`);
        },
        req.url === '/1' ? 60 : 5,
      );
    });
    const answer = await stand.raw(
      ['/1', '/2', '/3'].map((path) => `GET ${path} HTTP/1.1\r\n${HEAD}\r\n`).join(''),
    );
    assert.deepEqual(answer.match(/\[[^\]]+\]/g), ['[/1]', '[/2]', '[/3]']);
    assert.equal(most, 1);
  });

  it('streams 50 MB up and down without a byte changed', async () => {
    await stand.serve((req, res) => {
      const hash = createHash('sha256');
      req.on('data', (chunk: Buffer) => hash.update(chunk));
      req.on('end', () => (req.method === 'POST' ? res.end(hash.digest('hex')) : res.end(blob)));
    });
    const blob = randomBytes(50 * 1024 * 1024);
    assert.equal((await stand.call({ method: 'POST', body: blob })).body, sha256(blob));
    const chunked = await stand.call({
      method: 'POST',
      body: blob,
      headers: { 'transfer-encoding': 'chunked' },
    });
    assert.equal(chunked.body, sha256(blob));
    const got = createHash('sha256');
    await new Promise<void>((resolve, reject) => {
      request({ host: '127.0.0.1', port: stand.port, headers: { host: STAND_HOST }, agent: false }, (res) => {
        res.on('data', (chunk: Buffer) => got.update(chunk));
        res.on('end', resolve);
      })
        .on('error', reject)
        .end();
    });
    assert.equal(got.digest('hex'), sha256(blob));
  });

  it('gives the first event of a stream before the stream ends', async () => {
    let end = (): void => undefined;
    await stand.serve((_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write('data: 1\n\n');
      end = () => res.end('data: 2\n\n');
    });
    const body = await new Promise<string>((resolve, reject) => {
      request({ host: '127.0.0.1', port: stand.port, headers: { host: STAND_HOST }, agent: false }, (res) => {
        let seen = '';
        res.on('data', (chunk: Buffer) => {
          seen += chunk.toString();
          if (seen === 'data: 1\n\n') end();
        });
        res.on('end', () => resolve(seen));
      })
        .on('error', reject)
        .end();
    });
    assert.equal(body, 'data: 1\n\ndata: 2\n\n');
  });

  it('gives the header of an answer before its first byte', async () => {
    let end = (): void => undefined;
    await stand.serve((_req, res) => {
      res.flushHeaders();
      end = () => res.end('late');
    });
    const status = await new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port: stand.port, headers: { host: STAND_HOST }, agent: false }, (res) => {
        resolve(res.statusCode);
        end();
        res.resume();
      })
        .on('error', reject)
        .end();
    });
    assert.equal(status, 200);
  });

  it('passes trailers of an answer', async () => {
    await stand.serve((_req, res) => {
      res.writeHead(200, { trailer: 'x-sum' });
      res.write('body');
      res.addTrailers({ 'x-sum': '42' });
      res.end();
    });
    const answer = await stand.call({ headers: { te: 'trailers' } });
    assert.deepEqual([answer.body, { ...answer.trailers }], ['body', { 'x-sum': '42' }]);
  });

  it('answers HEAD, 204 and 304 without a body, and goes on with the connection', async () => {
    await stand.serve((req, res) => {
      if (req.url === '/204') res.writeHead(204).end();
      else if (req.url === '/304') res.writeHead(304, { etag: '"x"' }).end();
      else res.writeHead(200, { 'content-length': '5' }).end(req.method === 'HEAD' ? undefined : 'hello');
    });
    const answer = await stand.raw(
      `HEAD / HTTP/1.1\r\n${HEAD}\r\nGET /204 HTTP/1.1\r\n${HEAD}\r\nGET /304 HTTP/1.1\r\n${HEAD}\r\nGET / HTTP/1.1\r\n${HEAD}Connection: close\r\n\r\n`,
    );
    assert.deepEqual(answer.match(/HTTP\/1\.1 \d+/g), [
      'HTTP/1.1 200',
      'HTTP/1.1 204',
      'HTTP/1.1 304',
      'HTTP/1.1 200',
    ]);
    assert.ok(answer.endsWith('hello'), answer);
  });

  it('asks for the body of a request that expects 100 only once an instance has it', async () => {
    await stand.serve(echo);
    const body = await new Promise<string>((resolve, reject) => {
      const req = request(
        {
          host: '127.0.0.1',
          port: stand.port,
          method: 'POST',
          agent: false,
          headers: { host: STAND_HOST, expect: '100-continue', 'content-length': '5' },
        },
        (res) => void text(res).then(resolve),
      );
      req.on('continue', () => req.end('hello'));
      req.on('error', reject);
      req.flushHeaders();
    });
    assert.deepEqual([JSON.parse(body).body, JSON.parse(body).headers.expect], ['hello', undefined]);
  });

  it('passes early hints', async () => {
    await stand.serve((_req, res) => {
      res.writeEarlyHints({ link: '</a.css>; rel=preload' });
      res.end('ok');
    });
    const answer = await stand.raw(`GET / HTTP/1.1\r\n${HEAD}Connection: close\r\n\r\n`);
    assert.match(
      answer,
      /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a\.css>; rel=preload\r\n\r\nHTTP\/1\.1 200/,
    );
  });

  it('ends the request at the instance when the client leaves', async () => {
    let isAborted = false;
    let isAsked = false;
    await stand.serve((req) => {
      isAsked = true;
      req.socket.on('close', () => (isAborted = true));
    });
    const socket = await stand.dial();
    socket.write(`GET / HTTP/1.1\r\n${HEAD}\r\n`);
    await eventually('the instance has the request', () => isAsked);
    socket.destroy();
    await eventually('the instance knows', () => isAborted);
    const { failed, inFlight } = await upstreamTraffic();
    assert.deepEqual({ failed, inFlight }, { failed: 0, inFlight: 0 });
  });

  it('breaks the connection off when an answer breaks off', async () => {
    await stand.serve((req, res) => {
      if (req.url === '/chunked') res.write('half');
      else res.writeHead(200, { 'content-length': '100' }).write('half');
      setTimeout(() => res.destroy(), 20);
    });
    await assert.rejects(stand.call({ path: '/chunked' }), { code: 'ECONNRESET' });
    await assert.rejects(stand.call({ path: '/length' }), { code: 'ECONNRESET' });
  });

  it('passes an answer that comes before the upload is complete, and goes on with the connection', async () => {
    await stand.serve((req, res) => {
      if (req.method === 'POST') res.writeHead(413).end('too much');
      else res.end('next');
    });
    const rest = 'x'.repeat(300_000);
    const answer = await stand.raw(
      `POST / HTTP/1.1\r\n${HEAD}Content-Length: 300000\r\n\r\n${rest}GET / HTTP/1.1\r\n${HEAD}Connection: close\r\n\r\n`,
    );
    assert.match(answer, /^HTTP\/1\.1 413 /);
    assert.ok(answer.endsWith('next'), answer.slice(-200));
  });

  it('says that its pages come from the edge, as HTML or JSON', async () => {
    const html = await stand.call({
      host: 'nobody.localhost',
      headers: { 'x-request-id': 'r1', accept: 'text/html' },
    });
    assert.equal(html.headers['x-reeve-edge'], '404 no-route');
    assert.match(html.body, /answered by the Reeve edge, not by the service\. Request r1/);
    const json = await stand.call({ host: 'nobody.localhost', headers: { accept: 'application/json' } });
    assert.deepEqual(
      [JSON.parse(json.body).answeredBy, JSON.parse(json.body).requestId],
      ['reeve-edge', json.headers['x-request-id']],
    );
  });

  it('reaches *.localhost over IPv6 too where the host has it', async (t) => {
    await stand.serve(echo);
    const status = await new Promise<number | null>((resolve) => {
      request({ host: '::1', port: stand.port, headers: { host: STAND_HOST }, agent: false }, (res) => {
        res.resume();
        resolve(res.statusCode ?? 0);
      })
        .on('error', () => resolve(null))
        .end();
    });
    if (status === null) return t.skip('this host has no ::1');
    assert.equal(status, 200);
  });
});
