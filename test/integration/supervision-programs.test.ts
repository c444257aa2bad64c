// Supervision with everything real: the embedded driver, sockets, output files, and the zoo's programs.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { openEmbeddedDriver } from '../../src/drivers/embedded/embedded-driver.ts';
import { realClock } from '../../src/kit/real-clock.ts';
import { createLogBook } from '../../src/logs/log-book.ts';
import { createRedactor } from '../../src/logs/redactor.ts';
import type { ErrorReport } from '../../src/model/error.ts';
import type { ReeveEvent } from '../../src/model/event.ts';
import { resolveLayout } from '../../src/model/layout.ts';
import { instanceId, type InstancePlace } from '../../src/model/names.ts';
import type { Service } from '../../src/model/stack.ts';
import type { Driver } from '../../src/ports/driver.ts';
import { findStranger, listeningPorts } from '../../src/probes/listening-ports.ts';
import { createProber } from '../../src/probes/prober.ts';
import { Supervisor } from '../../src/supervise/supervisor.ts';
import { eventually, isRunning } from '../worlds/conditions.ts';
import { memoryStore } from '../worlds/memory-store.ts';
import { aRelease } from '../worlds/release-builder.ts';
import { buildService, buildStack, type ServiceParts } from '../worlds/stack-builder.ts';

const STACK = 'shop';
const PLACE: InstancePlace = { service: 'web', slot: 1, seat: 'blue' };
const PROGRAMS = resolve(import.meta.dirname, '../programs');

let home = '';
let port = 0;
let driver: Driver;
let supervisor: Supervisor;
let events: ReeveEvent[] = [];
/** Added to the monotonic clock: thirty seconds of health without waiting for them. */
let skewMs = 0;
let store = memoryStore();

const clock = { ...realClock, monotonic: () => realClock.monotonic() + skewMs };
const layout = () => resolveLayout({ REEVE_HOME: home }, process.getuid?.() ?? 0);

const serviceOf = (program: string, parts: ServiceParts = {}): Service => {
  const [file = '', ...args] = program.split(' ');
  const path = join(PROGRAMS, file);
  const argv = file.endsWith('.ts') ? [process.execPath, path, ...args] : ['/bin/sh', path, ...args];
  const health = { intervalMs: 1000, passes: 1, settleMs: 300, withinMs: 2000, ...parts.health };
  return buildService('web', { command: { argv, shell: false }, port: 'auto', ...parts, health });
};

const openAgent = async (service: Service): Promise<void> => {
  const redactor = createRedactor();
  driver = await openEmbeddedDriver({ layout: layout() });
  events = [];
  supervisor = new Supervisor({
    store,
    driver,
    prober: createProber({ redactor }),
    logBook: createLogBook({ redactor, clock, log: () => {} }),
    clock,
    random: Math.random,
    redactor,
    describe: (stack, desired) => ({
      service,
      release: aRelease(),
      spec: {
        stack,
        id: instanceId(desired),
        command: service.command,
        workingFolder: home,
        env: { PATH: process.env.PATH ?? '', PORT: String(port) },
        user: null,
        limits: service.limits,
        stdoutPath: join(home, 'web.out'),
        stderrPath: join(home, 'web.err'),
        fingerprint: JSON.stringify(service.command),
      },
    }),
    fingerprints: () => ({}),
    listeningPorts,
    findStranger,
    publish: (event) => void events.push(event),
    failed: (what, error) => assert.fail(`${what}: ${String(error)}`),
  });
  await supervisor.open();
};

const withService = async (service: Service, shows: () => Promise<void>): Promise<void> => {
  store = memoryStore();
  store.releases.insert(aRelease({ stack: buildStack([service]) }));
  store.ports.reserve(STACK, { 'web-1-blue': port });
  await openAgent(service);
  try {
    await supervisor.start(STACK, 1, [PLACE]);
    await shows();
  } finally {
    await supervisor.stop(STACK, [PLACE]);
    supervisor.close();
    await driver.close();
  }
};

const closeAgent = async (): Promise<void> => {
  supervisor.close();
  await driver.close();
};

const status = () => supervisor.status(STACK)[0]!;

const freePort = (): Promise<number> =>
  new Promise((found) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = server.address() as AddressInfo;
      server.close(() => found(free));
    });
  });

before(async () => {
  home = mkdtempSync(join(tmpdir(), 'reeve-supervision-'));
  port = await freePort();
});

after(() => rmSync(home, { recursive: true, force: true }));

type Case = readonly [
  title: string,
  program: string,
  parts: ServiceParts,
  shows: (report: ErrorReport) => void,
];

const TCP: ServiceParts = { health: { probe: { kind: 'tcp' } } };

const CASES: readonly Case[] = [
  [
    'nothing listens',
    'never-ready.ts',
    {},
    ({ code, why, log }) => {
      assert.equal(code, 'gate.never-ready');
      assert.equal(why, `the process runs, but nothing listens on port ${port}`);
      assert.deepEqual(log, ['still thinking']);
    },
  ],
  [
    'it listens on another port',
    'wrong-port.ts',
    {},
    ({ code, why, log }) => {
      assert.equal(code, 'gate.wrong-port');
      const other = /listening on (\d+)/.exec(log?.[0] ?? '')?.[1];
      assert.equal(why, `the process listens on 127.0.0.1:${other}, and not on 127.0.0.1:${port}`);
    },
  ],
  [
    'it stays degraded',
    'degraded-for-ever.ts',
    {},
    ({ code, why }) => {
      assert.equal(code, 'gate.degraded');
      assert.match(why ?? '', /loading weights 412\/1,100 MB$/);
    },
  ],
  [
    'it exits at once',
    'exits-at-once.sh 7',
    {},
    ({ code, why, log }) => {
      assert.equal(code, 'gate.exited');
      assert.match(why ?? '', /^the process exited with code 7/);
      assert.deepEqual(log, ['can not go on: no database']);
    },
  ],
  [
    'it is ready and then dies',
    'ready-then-dies.ts 100',
    {},
    ({ code, why, transcript }) => {
      assert.equal(code, 'gate.died-after-ready');
      assert.match(why ?? '', /then exited with code 9/);
      assert.match(transcript?.at(-1) ?? '', /200 in \d+ ms/);
    },
  ],
  [
    'its port stays closed',
    'never-ready.ts',
    TCP,
    ({ message }) => {
      assert.match(message, new RegExp(`^Cannot start "web": port ${port} did not open within`));
    },
  ],
];

for (const [title, program, parts, shows] of CASES) {
  test(`gate refuses a real program with its cause and its last lines when ${title}`, async () => {
    await withService(serviceOf(program, parts), async () => {
      const outcome = await supervisor.passGate(STACK, PLACE);
      assert.ok(outcome.outcome === 'refused', JSON.stringify(outcome));
      shows(outcome.report);
      assert.ok(outcome.report.fix);
    });
  });
}

/** A server on the port that is the instance's, with a mark of a run or without. */
const besideAnother = async (mark: string | null, shows: () => Promise<void>): Promise<void> => {
  const script = `require('node:http').createServer((_, response) => response.end('ok')).listen(${port}, '127.0.0.1', () => console.log('up'))`;
  const env = { PATH: process.env.PATH, ...(mark === null ? {} : { REEVE_RUN: mark }) };
  const other = spawn(process.execPath, ['-e', script], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  await once(other.stdout, 'data');
  try {
    await shows();
  } finally {
    other.kill('SIGKILL');
    await once(other, 'exit');
  }
};

test('gate refuses a real program when a program of another run answers on its port', async () => {
  await besideAnother('other/web-1-blue/0123456789ab', () =>
    withService(serviceOf('never-ready.ts', TCP), async () => {
      const outcome = await supervisor.passGate(STACK, PLACE);
      assert.ok(outcome.outcome === 'refused', JSON.stringify(outcome));
      assert.equal(outcome.report.code, 'gate.stranger');
      assert.match(outcome.report.message, /process \d+ of "other\/web-1-blue" answers on port \d+/);
    }),
  );
});

test('gate passes a real program when what answers on its port carries no mark: it may be its own', async () => {
  await besideAnother(null, () =>
    withService(serviceOf('never-ready.ts', TCP), async () => {
      const outcome = await supervisor.passGate(STACK, PLACE);
      assert.equal(outcome.outcome, 'passed', JSON.stringify(outcome));
    }),
  );
});

test('gate passes a real program when it listens late', async () => {
  await withService(serviceOf('listens-late.ts', { health: { withinMs: 20_000 } }), async () => {
    const outcome = await supervisor.passGate(STACK, PLACE);
    assert.equal(outcome.outcome, 'passed', JSON.stringify(outcome));
    assert.equal(status().health, 'healthy');
    assert.equal(status().port, port);
  });
});

test('a steady program is back in a few milliseconds when it is killed with SIGKILL', async (context) => {
  await withService(serviceOf('forever.sh', { health: { probe: null } }), async () => {
    const took: number[] = [];
    for (let turn = 0; turn < 10; turn += 1) {
      skewMs += 31_000;
      const { pid } = status();
      const began = performance.now();
      process.kill(pid!, 'SIGKILL');
      while (status().pid === pid || status().pid === null)
        await new Promise((turned) => setImmediate(turned));
      took.push(performance.now() - began);
    }
    const median = took.toSorted((a, b) => a - b)[5]!;
    context.diagnostic(`replacement after SIGKILL: median ${median.toFixed(1)} ms`);
    // Far from the back-off of half a second, on a machine that is busy with other tests.
    assert.ok(median < 200, `${median} ms`);
    assert.equal(status().restarts, 10);
    assert.equal(status().lastExit?.signal, 'SIGKILL');
  });
});

test('a new agent adopts a real program, and knows the exit code of one that ended meanwhile', async () => {
  const service = serviceOf('forever.sh', { health: { probe: null } });
  await withService(service, async () => {
    const { pid } = status();
    await closeAgent();
    assert.ok(isRunning(pid!));
    await openAgent(service);
    assert.equal(status().pid, pid);
    await closeAgent();
    process.kill(pid!, 'SIGTERM');
    await eventually('the program is gone', () => !isRunning(pid!));
    await openAgent(service);
    await eventually('its replacement runs', () => status().pid !== null && status().pid !== pid);
    assert.equal(status().lastExit?.signal, 'SIGTERM');
    assert.deepEqual(
      events.map(({ event }) => event).filter((event) => event.startsWith('instance.')),
      ['instance.exited', 'instance.started'],
    );
  });
});
