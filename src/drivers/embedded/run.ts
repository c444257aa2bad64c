import type { ChildProcess } from 'node:child_process';
import { bootId, isAlive } from '../../kit/process-identity.ts';
import type { Exit } from '../../model/health.ts';
import type { ProcessIdentity } from '../../model/lock.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RunFact, RunRef } from '../../ports/driver.ts';
import { LifeLine } from './life-line.ts';
import { membersOf, ranOutOfMemory } from './run-cgroup.ts';
import {
  lifeLinePath,
  markerOf,
  parseShimWord,
  readShimWords,
  type RunRecord,
  type ShimWord,
  type StartedRecord,
} from './run-record.ts';
import { type Snapshot, treeIn } from './snapshots.ts';
import { readRow, type ProcessRow } from './process-table.ts';

export type RunTools = {
  readonly clock: Clock;
  /** Called once, when the program has ended; the exit is empty where nobody saw how. */
  readonly ended: (run: Run, exit: Exit) => void;
};

// How long a shim that lives gets to write down an end that is a fact already: on a host that is that busy it may take
// seconds, and an end that nobody saw is worse than one that is known late.
const SHIM_DUE_MS = 10_000;
const SHIM_LOOK_MS = 20;

/** One start of one run: what is known of it, and how news of it arrive. A restart is another `Run`. */
export class Run {
  readonly folder: string;
  readonly record: RunRecord;
  state: 'starting' | RunFact['state'] = 'starting';
  process: ProcessIdentity | null = null;
  exit: Exit | null = null;
  /** What the shim could not do, where it did not start the program: `record`, `fork`, or `cgroup <path>`. */
  refusal: string | null = null;
  readonly #tools: RunTools;
  #shim: ProcessIdentity | null = null;
  #child: ChildProcess | null = null;
  #lifeLine: LifeLine | null = null;
  #lookUntil: number | null = null;
  #isSilent = false;
  /** Found in the tree once: they stay its own, even when they lose their parents. */
  #relatives: readonly ProcessRow[] = [];
  readonly #waiting = new Set<() => void>();

  constructor(folder: string, record: RunRecord, tools: RunTools) {
    this.folder = folder;
    this.record = record;
    this.#tools = tools;
  }

  get ref(): RunRef {
    return { stack: this.record.stack, id: this.record.id };
  }

  get isRunning(): boolean {
    return this.state === 'running';
  }

  /** Whether its end could stay unnoticed without looking: nobody tells of a shim that was killed. */
  get needsLooking(): boolean {
    return this.isRunning && (!this.#isChildAlive() || (this.#lifeLine?.needsPolling ?? true));
  }

  /** At the price of one signal that is not sent: a zombie, and another process with its pid, seem alive as well (kill(2)). */
  get seemsAlive(): boolean {
    try {
      process.kill(this.process!.pid, 0);
      return !(this.#lifeLine?.needsPolling ?? true);
    } catch {
      return false;
    }
  }

  fact(): RunFact {
    const { fingerprint, startedAt, stdoutStart, stderrStart } = this.record;
    return {
      ref: this.ref,
      state: this.state === 'starting' ? 'running' : this.state,
      fingerprint,
      process: this.process,
      startedAt,
      exit: this.exit,
      stdoutStart,
      stderrStart,
    };
  }

  /** Listens to the life line. Before anything is asked of it, so that no word of it is missed. */
  listen(): void {
    this.#lifeLine = new LifeLine(lifeLinePath(this.folder), {
      heard: (line) => this.#heard(line),
      silent: () => {
        this.#isSilent = true;
        this.check();
        this.#changed();
      },
    });
  }

  /** The shim is this process's child: its end is told by the kernel. */
  watchChild(child: ChildProcess): void {
    this.#child = child;
    child.once('exit', () => {
      this.#lifeLine?.poll();
      this.check();
      this.#changed();
    });
    child.unref();
  }

  /** Takes what the shim wrote down, or what a look around found. */
  begin({ pid, startTicks, shimPid, shimStartTicks }: StartedRecord): void {
    if (this.state !== 'starting') return;
    this.process = { bootId: this.record.bootId, pid, startTicks };
    this.#shim = { bootId: this.record.bootId, pid: shimPid, startTicks: shimStartTicks };
    this.state = 'running';
    this.#changed();
  }

  /** Looks whether it still runs. Where it does not, waits a moment for the shim to say how it ended. */
  check(): void {
    this.#lifeLine?.poll();
    if (!this.isRunning || !this.process || isAlive(this.process)) return;
    const now = this.#tools.clock.monotonic();
    this.#lookUntil ??= now + SHIM_DUE_MS;
    // First whether the shim is there, then what it wrote: it may write and go between two looks.
    const isOver = !this.isShimAlive() || now >= this.#lookUntil;
    for (const word of readShimWords(this.folder, this.record.generation)) this.#take(word);
    if (!this.isRunning) return;
    if (isOver) this.#end(null);
    else this.#tools.clock.timer(SHIM_LOOK_MS, () => this.check());
  }

  /** Whether a start has been decided: it runs, it was refused, or nobody is left who could say. */
  get isDecided(): boolean {
    const isMute = this.#lifeLine?.needsPolling ? !this.isShimAlive() : this.#isSilent;
    return this.state !== 'starting' || this.refusal !== null || isMute;
  }

  isShimAlive(): boolean {
    return this.#child ? this.#isChildAlive() : this.#shim !== null && isAlive(this.#shim);
  }

  /** Pid of a shim that lives. */
  get shimPid(): number | null {
    if (!this.isShimAlive()) return null;
    return this.#child?.pid ?? this.#shim?.pid ?? null;
  }

  /** False where `ms` went by first. Looks by itself as well: nobody tells of the end of a shim that is not our child. */
  async until(holds: () => boolean, ms: number): Promise<boolean> {
    const { clock } = this.#tools;
    const deadline = clock.monotonic() + ms;
    let pauseMs = 1;
    while (!holds()) {
      const leftMs = deadline - clock.monotonic();
      if (leftMs <= 0) return false;
      await this.#pause(Math.min(pauseMs, leftMs));
      if (this.needsLooking || this.#lifeLine?.needsPolling) this.check();
      pauseMs = Math.min(pauseMs * 2, 100);
    }
    return true;
  }

  /** Every live process of it, the shim aside. Where no group can tell, `snapshot` is asked. */
  async tree(snapshot: () => Promise<Snapshot>): Promise<readonly ProcessRow[]> {
    // Pids and groups of another boot name strangers.
    if (this.record.bootId !== bootId()) return [];
    const members = membersOf(this.record.cgroup);
    if (members) return members.map(readRow).filter((row) => row !== null);
    const shim = this.#shim && isAlive(this.#shim) ? [this.#shim.pid] : [];
    this.#relatives = treeIn(await snapshot(), {
      marker: markerOf(this.record),
      lifeLine: lifeLinePath(this.folder),
      known: [...(this.process ? [this.process] : []), ...this.#relatives],
      outsiders: new Set(shim),
    });
    return this.#relatives;
  }

  /** Ends the watching, not the run. */
  close(): void {
    this.#lifeLine?.close();
    this.#lifeLine = null;
  }

  /** Adopted without a program: nothing of it runs, and nothing says how it ended. */
  giveUp(): void {
    if (this.state === 'starting') this.state = 'lost';
  }

  /** From its records, without telling anybody: how it was before this agent came. */
  recall(): void {
    for (const word of readShimWords(this.folder, this.record.generation)) {
      if (word.word === 'started') this.begin(word.started);
      if (word.word === 'ended') this.#settle('ended', word.exit);
    }
    if (this.state !== 'ended' && this.record.bootId !== bootId()) this.#settle('lost', null);
  }

  #isChildAlive(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  #heard(line: string): void {
    const word = parseShimWord(line, this.record.generation, this.#tools.clock.now());
    if (word) this.#take(word);
  }

  #take(word: ShimWord): void {
    if (word.word === 'refused') this.refusal = word.what;
    else if (word.word === 'started') this.begin(word.started);
    else this.#end(word.exit);
    this.#changed();
  }

  #end(exit: Exit | null): void {
    if (!this.isRunning) return;
    this.#settle(exit ? 'ended' : 'lost', exit);
    this.#tools.ended(this, this.exit ?? { code: null, signal: null, at: this.#tools.clock.now() });
  }

  #settle(state: 'ended' | 'lost', exit: Exit | null): void {
    this.state = state;
    this.exit = exit && ranOutOfMemory(this.record.cgroup) ? { ...exit, ranOutOfMemory: true } : exit;
    this.#changed();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const awake = (): void => {
        cancel();
        this.#waiting.delete(awake);
        resolve();
      };
      const cancel = this.#tools.clock.timer(ms, awake);
      this.#waiting.add(awake);
    });
  }

  #changed(): void {
    for (const awake of this.#waiting) awake();
  }
}
