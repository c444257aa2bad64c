import type { Workshop } from './workshop.ts';

export type Load = {
  readonly url: string;
  readonly host: string;
  readonly seconds: number;
  /** Without, every request comes on a connection of its own. */
  readonly keepAlive: boolean;
};

export type Measured = {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Connections that broke and answers that were not good. */
  readonly failed: number;
};

const CONNECTIONS = 32;

/** One run of wrk(1): one thread, 32 connections. */
export const runWrk = async (workshop: Workshop, load: Load): Promise<Measured> => {
  const { url, host, seconds, keepAlive } = load;
  const { exit, text } = await workshop.run([
    'wrk',
    '-t1',
    `-c${CONNECTIONS}`,
    `-d${seconds}s`,
    '--latency',
    '-H',
    `Host: ${host}`,
    ...(keepAlive ? [] : ['-H', 'Connection: close']),
    url,
  ]);
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);
  const perSecond = number(/Requests\/sec: +([\d.]+)/);
  if (exit !== 0 || perSecond === 0) throw new Error(`wrk ${url}: ${text}`);
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text);
  const broken = (errors?.slice(1) ?? []).reduce((sum, count) => sum + Number(count), 0);
  return {
    requests: number(/(\d+) requests in /),
    perSecond,
    p50Ms: milliseconds(/ 50% +([\d.]+)(us|ms|s)/.exec(text)),
    p99Ms: milliseconds(/ 99% +([\d.]+)(us|ms|s)/.exec(text)),
    failed: broken + number(/Non-2xx or 3xx responses: (\d+)/),
  };
};

const PER_UNIT: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 };

const milliseconds = (match: RegExpExecArray | null): number =>
  match ? Number(match[1]) * (PER_UNIT[match[2]!] ?? Number.NaN) : Number.NaN;
