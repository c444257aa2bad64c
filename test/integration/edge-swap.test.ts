// The cut-over under load: seats change, old instances are killed the moment nothing is in flight, and nobody notices.
import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { eventually } from '../worlds/conditions.ts';
import { type EdgeStand, freePort, openEdgeStand, STAND_HOST } from '../worlds/edge-stand.ts';

const SWAPS = 20;
const CLIENTS = 8;

type Load = {
  readonly stop: () => Promise<{ readonly requests: number; readonly failures: readonly string[] }>;
};

// Keep-alive clients without retries; every third request is a POST whose body has to come back.
const openLoad = (port: number): Load => {
  let isOn = true;
  let requests = 0;
  const failures: string[] = [];
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  const client = async (id: number): Promise<void> => {
    for (let count = 0; isOn; count += 1) {
      const body = count % 3 === 0 ? `${id}-${count}-${'x'.repeat(2000)}` : '';
      requests += 1;
      const failure = await once(agent, port, body);
      if (failure !== null) failures.push(failure);
    }
  };
  const all = Promise.all(Array.from({ length: CLIENTS }, (_, id) => client(id)));
  return {
    stop: async () => {
      isOn = false;
      await all;
      agent.destroy();
      return { requests, failures };
    },
  };
};

const once = (agent: Agent, port: number, body: string): Promise<string | null> =>
  new Promise((resolve) => {
    const method = body === '' ? 'GET' : 'POST';
    const req = request({ agent, host: '127.0.0.1', port, method, headers: { host: STAND_HOST } }, (res) => {
      let text = '';
      res.on('data', (chunk: Buffer) => (text += chunk.toString()));
      res.on('error', (error) => resolve(`${method} ${error.message}`));
      res.on('end', () =>
        resolve(
          res.statusCode === 200 && text.endsWith(body)
            ? null
            : `${method} ${res.statusCode} ${text.slice(0, 200)}`,
        ),
      );
    });
    req.on('error', (error) => resolve(`${method} ${error.message}`));
    req.end(body);
  });

const PROGRAM = join(import.meta.dirname, '../programs/edge-echo.ts');

const startInstance = async (port: number): Promise<ChildProcess> => {
  const child = fork(PROGRAM, [String(port)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  await new Promise((resolve) => child.once('message', resolve));
  return child;
};

const kill = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
};

const openSwapStand = async (): Promise<{ stand: EdgeStand; ports: Record<'blue' | 'green', number> }> => {
  const stand = await openEdgeStand();
  const ports = { blue: await freePort(), green: await freePort() };
  await stand.configure([{ slots: [{ slot: 1, ...ports }] }]);
  return { stand, ports };
};

const isDrained = async (stand: EdgeStand, seat: string): Promise<boolean> =>
  (await stand.edge.traffic('shop')).find((each) => each.seat === seat)!.inFlight === 0;

describe('a cut-over at the builtin edge under load', () => {
  it(`fails no request in ${SWAPS} swaps whose old instance is killed once nothing is in flight`, async (t) => {
    const { stand, ports } = await openSwapStand();
    let running = await startInstance(ports.blue);
    const load = openLoad(stand.port);
    try {
      for (let swap = 0; swap < SWAPS; swap += 1) {
        const [from, to] = swap % 2 === 0 ? (['blue', 'green'] as const) : (['green', 'blue'] as const);
        const next = await startInstance(ports[to]);
        await stand.flag(to === 'green' ? ['web.1'] : []);
        await eventually('the old one is drained', () => isDrained(stand, from));
        await kill(running);
        running = next;
      }
    } finally {
      const { requests, failures } = await load.stop();
      await kill(running);
      await stand.close();
      t.diagnostic(`${requests} requests, ${failures.length} failed`);
      assert.deepEqual(failures, []);
      assert.ok(requests > 500, `${requests} requests`);
    }
  });

  it('fails no request when an instance is replaced by one on the same port behind the waiting room', async (t) => {
    const { stand, ports } = await openSwapStand();
    let running = await startInstance(ports.blue);
    const load = openLoad(stand.port);
    try {
      for (let swap = 0; swap < 5; swap += 1) {
        await stand.flag([], ['web']);
        await eventually('it is drained', () => isDrained(stand, 'blue'));
        await kill(running);
        running = await startInstance(ports.blue);
        await stand.flag([]);
        await eventually('requests are served again', () => isServing(stand));
      }
    } finally {
      const { requests, failures } = await load.stop();
      await kill(running);
      await stand.close();
      t.diagnostic(`${requests} requests, ${failures.length} failed`);
      assert.deepEqual(failures, []);
    }
  });

  it('lets an old instance that closes gracefully exit, for no idle connection of the edge keeps it', async () => {
    const { stand, ports } = await openSwapStand();
    const old = await startInstance(ports.blue);
    const next = await startInstance(ports.green);
    try {
      for (let times = 0; times < 5; times += 1) assert.equal((await stand.call()).status, 200);
      await stand.flag(['web.1']);
      await eventually('it is drained', () => isDrained(stand, 'blue'));
      // The program closes its listener and ends when the last connection did, however long that takes.
      const exited = new Promise((resolve) => old.once('exit', resolve));
      const began = performance.now();
      old.kill('SIGTERM');
      await exited;
      assert.ok(performance.now() - began < 1000, 'the program waited for a connection');
    } finally {
      await kill(old);
      await kill(next);
      await stand.close();
    }
  });
});

const isServing = async (stand: EdgeStand): Promise<boolean> => (await stand.call()).status === 200;
