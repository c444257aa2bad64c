import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { Probe } from '../../src/model/stack.ts';
import type { ProbeTarget } from '../../src/ports/prober.ts';
import { createRedactor } from '../../src/logs/redactor.ts';
import { createProber } from '../../src/probes/prober.ts';
import { eventually } from '../worlds/conditions.ts';

const redactor = createRedactor();
redactor.learn(['hunter2-hunter2']);
const prober = createProber({ redactor });

type Reply = (request: IncomingMessage, response: ServerResponse) => void;

const withServer = async <T>(reply: Reply, use: (port: number, server: Server) => Promise<T>): Promise<T> => {
  const server = createServer(reply);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  try {
    return await use((server.address() as AddressInfo).port, server);
  } finally {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
};

const http = (
  port: number,
  parts: Partial<Extract<Probe, { kind: 'http' }>> = {},
  timeoutMs = 5000,
): ProbeTarget => ({
  probe: { kind: 'http', path: '/up', expectStatus: null, host: null, ...parts },
  port,
  timeoutMs,
  workingFolder: '/',
  env: {},
  user: null,
  outputs: [],
});

const json =
  (status: number, body: unknown): Reply =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/health+json; charset=utf-8' });
    response.end(JSON.stringify(body));
  };

type Case = readonly [title: string, reply: Reply, state: string, words: RegExp];

const CASES: readonly Case[] = [
  [
    'healthy when the status is in the two hundreds',
    (_q, r) => r.writeHead(204).end(),
    'healthy',
    /^204 in \d+ ms$/,
  ],
  [
    'unhealthy with the first line when the status is 500',
    (_q, r) => r.writeHead(500).end('\nno database\nstack\n'),
    'unhealthy',
    /^500, expected a 2xx status: no database$/,
  ],
  [
    'unhealthy with the target when it redirects',
    (_q, r) => r.writeHead(301, { location: 'https://shop.test/up' }).end(),
    'unhealthy',
    /^301 to https:\/\/shop\.test\/up, expected a 2xx status$/,
  ],
  [
    'degraded when the body says so, whatever the status',
    json(503, { status: 'degraded', message: 'one replica' }),
    'degraded',
    /^one replica$/,
  ],
  [
    'starting with its progress when the body says so',
    json(503, { status: 'starting', progress: 0.37 }),
    'starting',
    /^starting, 37%$/,
  ],
  [
    'healthy with its own words when the body has some',
    json(200, { status: 'pass', message: 'all fine' }),
    'healthy',
    /^all fine$/,
  ],
  [
    'unhealthy when the status is good and the body says that it fails',
    json(200, { status: 'fail', detail: 'queue full' }),
    'unhealthy',
    /^200: queue full$/,
  ],
  [
    'unhealthy when the body is fine and the status is not',
    json(500, { status: 'ok' }),
    'unhealthy',
    /^500, expected a 2xx status$/,
  ],
  [
    'healthy when the JSON body is broken',
    (_q, r) => r.writeHead(200, { 'content-type': 'application/json' }).end('{"status"'),
    'healthy',
    /^200 in/,
  ],
  [
    'healthy when the body never ends and is not needed',
    (_q, r) => void r.writeHead(200).write('data: 1\n\n'),
    'healthy',
    /^200 in/,
  ],
  [
    'healthy when the JSON body is longer than anybody reads',
    (_q, r) =>
      r.writeHead(200, { 'content-type': 'application/json' }).end(`{"a":"${'x'.repeat(5_000_000)}"}`),
    'healthy',
    /^200 in/,
  ],
  [
    'unhealthy without the secret when the body holds one',
    (_q, r) => r.writeHead(500).end('login hunter2-hunter2 failed'),
    'unhealthy',
    /: login \[secret\] failed$/,
  ],
  [
    'unhealthy when it closes the connection without an answer',
    (q) => q.socket.destroy(),
    'unhealthy',
    /closed the connection without a whole answer$/,
  ],
];

for (const [title, reply, state, words] of CASES) {
  test(`http probe is ${title}`, async () => {
    await withServer(reply, async (port) => {
      const answer = await prober.probe(http(port));
      assert.equal(answer.state, state);
      assert.match(answer.words, words);
    });
  });
}

test('http probe asks for exactly the status, host and path that it was told', async () => {
  const seen: unknown[] = [];
  await withServer(
    ({ url, headers, method }, response) => {
      seen.push(method, url, headers.host, headers.connection, headers['user-agent']);
      response.writeHead(418).end();
    },
    async (port) => {
      const answer = await prober.probe(
        http(port, { path: '/up?deep=1', host: 'shop.test', expectStatus: 418 }),
      );
      assert.equal(answer.state, 'healthy');
    },
  );
  assert.deepEqual(seen, ['GET', '/up?deep=1', 'shop.test', 'close', 'reeve-probe']);
});

test('http probe ends with its time-out when headers or the body that matters do not come', async () => {
  const noHeaders: Reply = () => {};
  const noEnd: Reply = (_request, response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).write('{"status":');
  for (const reply of [noHeaders, noEnd]) {
    await withServer(reply, async (port) => {
      const answer = await prober.probe(http(port, {}, 200));
      assert.deepEqual(
        [answer.state, answer.words, answer.cause],
        ['unhealthy', 'no answer within 200 ms', 'no-answer'],
      );
    });
  }
});

test('http probe says so when the port does not speak HTTP', async () => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.end('SSH-2.0-OpenSSH_9.2\r\n');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const answer = await prober.probe(http(port));
  server.close();
  assert.deepEqual([answer.state, answer.words], ['unhealthy', `port ${port} does not speak HTTP`]);
});

test('http probe leaves no connection and no descriptor behind, however it ended', async () => {
  const replies: Reply[] = [
    (_request, response) => response.end('fine'),
    (_request, response) => void response.writeHead(200).write('endless'),
    () => {},
    (request) => request.socket.destroy(),
  ];
  let turn = 0;
  await withServer(
    (request, response) => replies[turn++ % replies.length]!(request, response),
    async (port, server) => {
      await prober.probe(http(port, {}, 50));
      const before = readdirSync('/proc/self/fd').length;
      for (let at = 0; at < 20; at += 1) await prober.probe(http(port, {}, 50));
      const open = (): Promise<number> =>
        new Promise((counted) => server.getConnections((_error, count) => counted(count)));
      await eventually('no connection is open', async () => (await open()) === 0);
      await eventually('no descriptor is left', () => readdirSync('/proc/self/fd').length <= before);
    },
  );
});

test('tcp probe is healthy when the port accepts, and leaves no connection', async () => {
  const server = createTcpServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const target: ProbeTarget = { ...http(port), probe: { kind: 'tcp' } };
  assert.match((await prober.probe(target)).words, /^connected in \d+ ms$/);
  // Closing waits for every connection.
  await new Promise((closed) => server.close(closed));
  const answer = await prober.probe(target);
  assert.deepEqual([answer.state, answer.cause], ['unhealthy', 'refused']);
});
