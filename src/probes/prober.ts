// Asks one instance how it is, from outside. It promises an answer, whatever the other side does, and leaves nothing
// open behind it. It never learns what an answer is used for: time, repetition and judgement are supervision's.
import { formatDuration } from '../kit/format.ts';
import { wordsOf } from '../model/error.ts';
import type { ProbeAnswer } from '../model/health.ts';
import type { Prober, ProbeTarget } from '../ports/prober.ts';
import type { Redactor } from '../ports/redactor.ts';
import { probeExec } from './exec-probe.ts';
import { probeHttp } from './http-probe.ts';
import { LogScanner } from './log-probe.ts';
import { isOurWant, type RawAnswer } from './raw-answer.ts';
import { probeTcp } from './tcp-probe.ts';
import { cutWords, toOneLine } from './one-line.ts';

export type ProberOptions = { readonly redactor: Redactor };

/** A prober for the probes of every kind. Its words are one line, redacted, at most 200 characters. */
export const createProber = ({ redactor }: ProberOptions): Prober => {
  const scanner = new LogScanner();
  return {
    probe: async (target, signal) => {
      const began = performance.now();
      const limit = openLimit(target.timeoutMs, signal);
      const raw = await ask(target, limit.signal, scanner).catch((error: unknown) => limit.judge(error));
      limit.close();
      const { state, words, progress = null, cause } = raw;
      // Twice: a secret may have line breaks in it, or be written with control characters between its own.
      const shown = redactor.redact(toOneLine(redactor.redact(words)));
      const answer: ProbeAnswer = {
        state,
        words: cutWords(shown),
        tookMs: performance.now() - began,
        progress,
      };
      return cause === undefined ? answer : { ...answer, cause };
    },
  };
};

const ask = async (target: ProbeTarget, signal: AbortSignal, scanner: LogScanner): Promise<RawAnswer> => {
  const { probe, port } = target;
  signal.throwIfAborted();
  switch (probe.kind) {
    case 'http':
      return port === null ? NO_PORT : await probeHttp(probe, port, signal);
    case 'tcp':
      return port === null ? NO_PORT : await probeTcp(port, signal);
    case 'exec':
      return await probeExec(probe.command, target, signal);
    case 'log':
      return await scanner.probe(probe.pattern, target.outputs, signal);
  }
};

const NO_PORT: RawAnswer = { state: 'unhealthy', words: 'it has no port that could be probed' };

/** One signal for the time-out and for the caller's abort, and what either means as an answer. */
const openLimit = (timeoutMs: number, caller: AbortSignal | undefined) => {
  const limit = new AbortController();
  const abort = (): void => limit.abort();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    abort();
  }, timeoutMs);
  if (caller?.aborted) abort();
  caller?.addEventListener('abort', abort);
  return {
    signal: limit.signal,
    judge: (error: unknown): RawAnswer => {
      if (isLate) {
        const words = `no answer within ${formatDuration(timeoutMs)}`;
        return { state: 'unhealthy', words, cause: 'no-answer' };
      }
      if (limit.signal.aborted) return { state: 'unhealthy', words: 'the probe was called off' };
      if (isOurWant(error)) {
        return { state: 'unhealthy', words: `could not be asked: ${wordsOf(error)}`, cause: 'not-asked' };
      }
      return { state: 'unhealthy', words: wordsOf(error) };
    },
    close: (): void => {
      clearTimeout(timer);
      caller?.removeEventListener('abort', abort);
    },
  };
};
