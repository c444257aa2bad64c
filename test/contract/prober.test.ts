// What supervision relies on, whoever answers: the real prober against real sockets, and the fake that stands in for it.
import assert from 'node:assert/strict';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { realClock } from '../../src/kit/real-clock.ts';
import type { Probe } from '../../src/model/stack.ts';
import type { Prober, ProbeTarget } from '../../src/ports/prober.ts';
import { createProber } from '../../src/probes/prober.ts';
import { FakeProber, type ProbeScript } from '../worlds/fake-prober.ts';

type World = {
  readonly prober: Prober;
  /** Each by how it behaves. */
  readonly good: ProbeTarget;
  readonly refused: ProbeTarget;
  readonly silent: ProbeTarget;
  readonly degraded: ProbeTarget;
  /** http without a port. */
  readonly senseless: ProbeTarget;
  readonly close: () => void;
};

const HTTP: Probe = { kind: 'http', path: '/up', expectStatus: null, host: null };

const target = (port: number | null, probe: Probe = HTTP): ProbeTarget => ({
  probe,
  port,
  timeoutMs: 300,
  workingFolder: '/',
  env: {},
  user: null,
  outputs: [],
});

const openReal = async (): Promise<World> => {
  const good = await listen(createHttpServer((_request, response) => response.end('fine')));
  const degraded = await listen(
    createHttpServer((_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({ status: 'degraded', message: 'loading\nweights\u001b[31m 4/9', progress: 0.5 }),
      );
    }),
  );
  const sockets = new Set<Socket>();
  const silent = await listen(createServer((socket) => void sockets.add(socket)) as Server);
  const refused = await listen(createHttpServer());
  const refusedPort = portOf(refused);
  await new Promise((closed) => refused.close(closed));
  return {
    prober: createProber({ redactor: { learn: () => {}, redact: (text) => text } }),
    good: target(portOf(good)),
    degraded: target(portOf(degraded)),
    silent: target(portOf(silent)),
    refused: target(refusedPort),
    senseless: target(null),
    close: () => {
      for (const socket of sockets) socket.destroy();
      for (const server of [good, degraded, silent]) server.close();
    },
  };
};

const openFake = async (): Promise<World> => {
  const script: ProbeScript = ({ port }) => {
    switch (port) {
      case 1:
        return {};
      case 2:
        return { state: 'degraded', words: 'loading weights 4/9', progress: 0.5 };
      case 3:
        return 'silent';
      case 4:
        return { state: 'unhealthy', words: 'connection refused on port 4', cause: 'refused' };
      default:
        return { state: 'unhealthy', words: 'it has no port that could be probed' };
    }
  };
  return {
    prober: new FakeProber(realClock, script),
    good: target(1),
    degraded: target(2),
    silent: target(3),
    refused: target(4),
    senseless: target(null),
    close: () => {},
  };
};

const listen = async (server: Server): Promise<Server> => {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return server;
};

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

for (const [name, open] of [
  ['real', openReal],
  ['fake', openFake],
] as const) {
  const promise = (title: string, shows: (world: World) => Promise<void>): void => {
    test(`${name} prober ${title}`, async () => {
      const world = await open();
      try {
        await shows(world);
      } finally {
        world.close();
      }
    });
  };

  promise('answers healthy when the instance answers well', async ({ prober, good }) => {
    const { state, words, tookMs, progress, cause } = await prober.probe(good);
    assert.deepEqual([state, progress, cause], ['healthy', null, undefined]);
    assert.ok(words.length > 0 && tookMs >= 0);
  });

  promise(
    'answers with the instance’s own words in one line when it is degraded',
    async ({ prober, degraded }) => {
      const { state, words, progress } = await prober.probe(degraded);
      assert.deepEqual([state, words, progress], ['degraded', 'loading weights 4/9', 0.5]);
    },
  );

  promise('says that nothing listens when the connection is refused', async ({ prober, refused }) => {
    const { state, words, cause } = await prober.probe(refused);
    assert.deepEqual([state, cause], ['unhealthy', 'refused']);
    assert.match(words, /^connection refused on port \d+$/);
  });

  promise('answers after the time-out when the instance is silent', async ({ prober, silent }) => {
    const began = performance.now();
    const { state, cause, tookMs } = await prober.probe(silent);
    assert.deepEqual([state, cause], ['unhealthy', 'no-answer']);
    assert.ok(tookMs >= 290 && performance.now() - began < 3000, `${tookMs}`);
  });

  promise('answers at once and does not throw when it is aborted', async ({ prober, silent }) => {
    const abort = new AbortController();
    const probed = prober.probe({ ...silent, timeoutMs: 60_000 }, abort.signal);
    abort.abort();
    assert.equal((await probed).state, 'unhealthy');
    assert.equal((await prober.probe({ ...silent, timeoutMs: 60_000 }, abort.signal)).state, 'unhealthy');
  });

  promise(
    'answers unhealthy and does not throw when the target makes no sense',
    async ({ prober, senseless }) => {
      const { state, words } = await prober.probe(senseless);
      assert.deepEqual([state, words], ['unhealthy', 'it has no port that could be probed']);
    },
  );

  promise(
    'answers each for itself when many are asked at once',
    async ({ prober, good, refused, degraded }) => {
      const targets = Array.from({ length: 30 }, (_, at) => [good, refused, degraded][at % 3]!);
      const answers = await Promise.all(targets.map((one) => prober.probe(one)));
      const states = ['healthy', 'unhealthy', 'degraded'];
      assert.deepEqual(
        answers.map(({ state }) => state),
        targets.map((_, at) => states[at % 3]),
      );
    },
  );
}
