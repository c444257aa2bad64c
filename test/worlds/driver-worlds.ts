// Worlds in which a driver can be tried out: a host, a driver on it, and a way to lose the agent.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openEmbeddedDriver } from '../../src/drivers/embedded/embedded-driver.ts';
import type { Layout } from '../../src/model/layout.ts';
import type { Driver, RunRef, RunSpec } from '../../src/ports/driver.ts';
import { FakeClock } from './fake-clock.ts';
import { type Behaviour, FakeHost } from './fake-driver.ts';

const PROGRAMS = resolve(import.meta.dirname, '../programs');

export type DriverWorld = {
  readonly name: string;
  readonly driver: Driver;
  /** A run of a program of the zoo. */
  spec(id: string, program: string, change?: Partial<RunSpec>): RunSpec;
  /** Everything that a run wrote to its stdout, all its starts. */
  output(id: string): string;
  /** Ends the agent's side and opens the next agent's. */
  replaceAgent(): Promise<Driver>;
  /** As somebody on the host does, without the driver. */
  killOutside(ref: RunRef): Promise<void>;
  /** Ends all that still runs, and removes every file. */
  close(): Promise<void>;
};

export const NO_LIMITS = { memoryBytes: null, cpus: null, tasks: null } as const;

const baseSpec = (home: string, id: string, program: string): RunSpec => ({
  stack: 'zoo',
  id,
  command: { argv: [join(PROGRAMS, program)], shell: false },
  workingFolder: home,
  env: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
  user: null,
  limits: NO_LIMITS,
  stdoutPath: join(home, 'logs', `${id}.out`),
  stderrPath: join(home, 'logs', `${id}.err`),
  fingerprint: `${id} ${program}`,
});

/** Real processes. `cgroups: null`: as a host without control groups has it. */
export const openEmbeddedWorld = async (
  options: { readonly cgroups?: null } = {},
): Promise<EmbeddedWorld> => {
  const home = mkdtempSync(join(tmpdir(), 'reeve-driver-'));
  const layout: Layout = { home, socket: join(home, 'agent.sock') };
  return new EmbeddedWorld(layout, options, await openEmbeddedDriver({ layout, ...options }));
};

export class EmbeddedWorld implements DriverWorld {
  readonly name = 'embedded';
  readonly layout: Layout;
  readonly #options: { readonly cgroups?: null };
  driver: Driver;

  constructor(layout: Layout, options: { readonly cgroups?: null }, driver: Driver) {
    this.layout = layout;
    this.#options = options;
    this.driver = driver;
  }

  get home(): string {
    return this.layout.home;
  }

  spec(id: string, program: string, change: Partial<RunSpec> = {}): RunSpec {
    return { ...baseSpec(this.home, id, program), ...change };
  }

  output(id: string): string {
    return readFileSync(join(this.home, 'logs', `${id}.out`), 'utf8');
  }

  /** A file below the state folder. */
  read(path: string): string {
    return readFileSync(join(this.home, path), 'utf8');
  }

  async replaceAgent(): Promise<Driver> {
    await this.driver.close();
    this.driver = await openEmbeddedDriver({ layout: this.layout, ...this.#options });
    return this.driver;
  }

  async killOutside(ref: RunRef): Promise<void> {
    const facts = await this.driver.observe(ref.stack);
    process.kill(facts.find((fact) => fact.ref.id === ref.id)!.process!.pid, 'SIGKILL');
  }

  async close(): Promise<void> {
    const refs = (await this.driver.observe(null)).map(({ ref }) => ref);
    await this.driver.stop(refs.map((ref) => ({ ref, signal: 'SIGKILL', graceMs: 0 })));
    await this.driver.forget(refs);
    await this.driver.close();
    rmSync(this.home, { recursive: true, force: true });
  }
}

const SCRIPTS: Readonly<Record<string, Behaviour>> = {
  'exits-at-once.sh': { exitsAfterMs: 0, exitCode: 3 },
  'ignores-sigterm.sh': { ignores: ['SIGTERM'] },
  'daemon-grandchild.sh': { strays: 1 },
  'abandons-daemon.sh': { exitsAfterMs: 0, strays: 1 },
  'no-such-program': { failsToStart: { code: 'run.no-program', words: 'no such file: no-such-program' } },
};

/** Scripted programs; virtual time passes by itself, as fast as the test's own promises settle. */
export const openFakeWorld = async (): Promise<DriverWorld> => {
  const clock = new FakeClock();
  const host = new FakeHost(clock, SCRIPTS);
  let isOpen = true;
  const pump = async (): Promise<void> => {
    while (isOpen) await clock.advance(10);
  };
  const pumping = pump();
  return {
    name: 'fake',
    driver: host.openDriver(),
    spec: (id, program, change = {}) => ({ ...baseSpec('/fake', id, program), ...change }),
    output: () => 'deaf\n',
    replaceAgent: async () => host.openDriver(),
    killOutside: async (ref) => void host.kill(ref),
    close: async () => {
      isOpen = false;
      await pumping;
    },
  };
};
