import type { Clock } from '../ports/clock.ts';
import type { LogBook } from '../ports/log-book.ts';
import type { GateOutcome } from '../ports/supervision.ts';
import { extendGate, type GateCause, judgeGate } from './gate.ts';
import { describeRefusal, type GateFacts, type Listening, type Stranger } from './gate-report.ts';
import type { Instance } from './instance.ts';
import { readLastLines } from './last-lines.ts';
import { supervisionClosed } from './words.ts';

export type GateTools = {
  readonly clock: Clock;
  readonly logBook: LogBook;
  /** Where the processes of a tree listen. */
  readonly listeningPorts: (pid: number) => Promise<readonly Listening[]>;
  /** Who of another run listens on a port, where nobody of the tree does. */
  readonly findStranger: (pid: number, port: number) => Promise<Stranger | null>;
  /** Aborts when supervision closes. */
  readonly closing: AbortSignal;
};

/** Waits until the instance has passed its gate or was refused. While it watches, an instance that ends stays ended. */
export const passGate = async (
  instance: Instance,
  options: { readonly signal?: AbortSignal; readonly progressed?: (words: string) => void },
  tools: GateTools,
): Promise<GateOutcome> => {
  const beganAt = tools.clock.monotonic();
  instance.dispatch({ input: 'gateOpened' });
  try {
    const cause = await waitForVerdict(instance, options, tools);
    const stranger = cause === null ? await strangerOf(instance, tools) : null;
    const tookMs = tools.clock.monotonic() - beganAt;
    if (cause === null && stranger === null) return { outcome: 'passed', tookMs };
    const verdict = { cause: cause ?? 'stranger', stranger, tookMs } as const;
    return { outcome: 'refused', report: await reportRefusal(instance, verdict, tools) };
  } finally {
    instance.dispatch({ input: 'gateClosed' });
  }
};

// Somebody else's good answers prove nothing.
const strangerOf = async (
  { state, service, desired }: Instance,
  { findStranger }: GateTools,
): Promise<Stranger | null> => {
  const kind = service.health.probe?.kind;
  const isAsked = (kind === 'http' || kind === 'tcp') && state.pid !== null && desired.port !== null;
  return isAsked ? await findStranger(state.pid!, desired.port!).catch(() => null) : null;
};

// Null: passed.
const waitForVerdict = async (
  instance: Instance,
  { signal, progressed }: { readonly signal?: AbortSignal; readonly progressed?: (words: string) => void },
  { clock, closing }: GateTools,
): Promise<GateCause | null> => {
  const { health } = instance.service;
  let gate = { deadline: clock.monotonic() + health.withinMs, best: instance.state.health.progress ?? 0 };
  let words = '';
  for (;;) {
    signal?.throwIfAborted();
    if (closing.aborted) throw supervisionClosed(instance.id);
    const { state } = instance;
    const at = clock.monotonic();
    if (state.health.words !== words) progressed?.((words = state.health.words));
    gate = extendGate(gate, state, health, at);
    const verdict = judgeGate(state, health, gate.deadline, at);
    if (verdict.verdict === 'passed') return null;
    if (verdict.verdict === 'refused') return verdict.cause;
    if (verdict.probeNow) instance.dispatch({ input: 'probeWanted' });
    await nextChange(instance, verdict.untilAt - at, { clock, signals: [closing, signal] });
  }
};

/** Resolves at the next change of the instance, after `ms`, or when a signal aborts. */
const nextChange = async (
  instance: Instance,
  ms: number,
  { clock, signals }: { readonly clock: Clock; readonly signals: readonly (AbortSignal | undefined)[] },
): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = (): void => resolve();
  const unlisten = instance.listen(wake);
  // Whole milliseconds: sums of fractions can leave a rest that no timer can wait for.
  const cancel = ms === Infinity ? () => {} : clock.timer(Math.max(1, Math.ceil(ms)), wake);
  for (const signal of signals) signal?.addEventListener('abort', wake);
  await promise;
  for (const signal of signals) signal?.removeEventListener('abort', wake);
  unlisten();
  cancel();
};

const reportRefusal = async (
  instance: Instance,
  verdict: Pick<GateFacts, 'cause' | 'stranger' | 'tookMs'>,
  { logBook, listeningPorts }: GateTools,
): Promise<Extract<GateOutcome, { outcome: 'refused' }>['report']> => {
  const { state, service, desired } = instance;
  const [log, listening] = await Promise.all([
    readLastLines(logBook, instance),
    state.pid === null ? null : listeningPorts(state.pid).catch(() => null),
  ]);
  return describeRefusal({ ...verdict, service, desired, state, log, listening });
};
