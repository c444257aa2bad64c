// Keeps the edge's process up from the agent's side: starts it detached, adopts one that runs, and starts it again when
// it dies. The process is nobody's child in spirit: it has its own session and log, and goes on without the agent.
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../../kit/process-identity.ts';
import { Failure } from '../../model/error.ts';
import type { ControlStatus } from './control-api.ts';
import { callControl, holdLine } from './control-client.ts';
import { logPath } from './edge-paths.ts';
import { type EdgeRecord, readEdgeRecord } from './edge-record.ts';
import { lastLogLines, launchEdge, type LaunchOptions } from './launch-edge.ts';
import { findPortHolder } from './port-holder.ts';

export type EdgeProcessOptions = LaunchOptions & {
  /** Told in one line when the edge died, and when it could not be started again. */
  readonly noticed: (words: string) => void;
};

const STOP_MS = 5000;
const LOOK_MS = 10;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** An edge that lived this long starts with the shortest pause again. */
const STEADY_MS = 30_000;

export class EdgeProcess {
  readonly #options: EdgeProcessOptions;
  #starting: Promise<void> | null = null;
  #letGo: (() => void) | null = null;
  #restart: NodeJS.Timeout | null = null;
  #pauseMs = 0;
  #aliveSince = 0;
  #isWanted = false;
  #isClosed = false;

  constructor(options: EdgeProcessOptions) {
    this.#options = options;
  }

  /** Whether a process of this folder lives, answering or not. */
  get record(): EdgeRecord | null {
    const record = readEdgeRecord(this.#options.folder);
    return record?.process && isAlive(record.process) ? record : null;
  }

  /** Adopts the edge that runs, or starts one; resolves when it serves. From now on it is started again when it dies. */
  ensureRunning(): Promise<void> {
    this.#isWanted = true;
    if (this.#letGo) return Promise.resolve();
    this.#starting ??= this.#adoptOrStart().finally(() => (this.#starting = null));
    return this.#starting;
  }

  /** Asks it to end, gives its requests some time, and resolves when it is gone. */
  async stop(): Promise<void> {
    this.#isWanted = false;
    await this.#starting?.catch(() => undefined);
    this.#leave();
    const { record } = this;
    if (!record?.process) return;
    const { process: identity } = record;
    const { folder } = this.#options;
    await callControl(folder, '/stop', { query: { deadline: String(STOP_MS) } }).catch(() =>
      send(identity.pid, 'SIGTERM'),
    );
    const until = performance.now() + STOP_MS + 2000;
    while (isAlive(identity)) {
      if (performance.now() > until) send(identity.pid, 'SIGKILL');
      await sleep(LOOK_MS);
    }
  }

  /** Ends the watching. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#starting?.catch(() => undefined);
    this.#leave();
  }

  #leave(): void {
    if (this.#restart) clearTimeout(this.#restart);
    this.#restart = null;
    this.#letGo?.();
    this.#letGo = null;
  }

  async #adoptOrStart(): Promise<void> {
    if (!(await this.#adopt())) await this.#start();
    try {
      this.#letGo = await holdLine(this.#options.folder, () => this.#lineEnded());
    } catch (error) {
      // It answered and ended at once: what was adopted was about to stop.
      if (this.record) throw error;
      await this.#start();
      this.#letGo = await holdLine(this.#options.folder, () => this.#lineEnded());
    }
    this.#aliveSince = performance.now();
    if (this.#isClosed) this.#leave();
  }

  // One that was only just started may not answer yet; one that lives and never answers is for a person to look at.
  async #adopt(): Promise<boolean> {
    const until = performance.now() + STOP_MS;
    for (;;) {
      const status = await this.#status();
      if (status) return true;
      const { record } = this;
      if (!record) return false;
      if (performance.now() > until) {
        throw new Failure(
          'edge.not-reached',
          `Cannot adopt the edge of "${this.#options.folder}": process ${record.process?.pid} lives and does not answer, an answer within 5 s is required`,
          {
            fix: `end it, and try again: kill ${record.process?.pid}`,
            log: lastLogLines(this.#options.folder),
          },
        );
      }
      await sleep(LOOK_MS);
    }
  }

  async #status(): Promise<ControlStatus | null> {
    return callControl(this.#options.folder, '/status', { timeoutMs: 1000 }).catch(() => null);
  }

  async #start(): Promise<void> {
    const report = await launchEdge(this.#options);
    if (report?.outcome === 'ready') return;
    // Another agent's start was faster: its edge is as good.
    if (report?.outcome === 'claimed' && (await this.#adopt())) return;
    if (report?.outcome === 'port-taken') throw this.#portTaken();
    throw new Failure(
      'edge.not-started',
      `Cannot start the edge on "${this.#address}": ${report ? 'another edge of this state folder ends at the moment' : 'its process ended at once'}, a process that serves is required`,
      {
        fix: `look at ${logPath(this.#options.folder)}`,
        log: lastLogLines(this.#options.folder),
        retryable: true,
      },
    );
  }

  #lineEnded(): void {
    this.#letGo = null;
    if (!this.#isWanted || this.#isClosed) return;
    if (performance.now() - this.#aliveSince > STEADY_MS) this.#pauseMs = 0;
    this.#options.noticed(
      `the edge's process ended; it is started again${this.#pauseMs > 0 ? ` in ${this.#pauseMs} ms` : ''}`,
    );
    this.#restartAfter(this.#pauseMs);
  }

  // The first restart is at once, the next ones after growing, jittered pauses, without end.
  #restartAfter(pauseMs: number): void {
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, pauseMs * 2));
    this.#restart = setTimeout(
      () => {
        this.#restart = null;
        if (!this.#isWanted || this.#isClosed) return;
        this.ensureRunning().catch((error: unknown) => {
          this.#options.noticed(
            `the edge could not be started again: ${error instanceof Error ? error.message : String(error)}`,
          );
          if (this.#isWanted && !this.#isClosed && !this.#restart) this.#restartAfter(this.#pauseMs);
        });
      },
      pauseMs * (0.75 + Math.random() / 2),
    );
    this.#restart.unref();
  }

  get #address(): string {
    return `${this.#options.host}:${this.#options.port}`;
  }

  #portTaken(): Failure {
    const holder = findPortHolder(this.#options.port);
    const who = holder
      ? `process ${holder.pid} (${holder.command}) listens there`
      : 'another program listens there';
    return new Failure(
      'edge.port-taken',
      `Cannot start the edge on "${this.#address}": ${who}, a free port is required`,
      {
        fix: `${holder ? `stop process ${holder.pid}` : 'stop that program'}, or start the agent with another port in REEVE_EDGE_PORT`,
        log: lastLogLines(this.#options.folder),
        retryable: true,
      },
    );
  }
}

// It may end by itself between the look and the signal.
const send = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};
