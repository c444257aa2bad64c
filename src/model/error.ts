// The three ways a call can end badly. `Refusal`: we declined and touched nothing.
// `Failure`: the world did not comply. `Defect`: our own invariant broke.
import { messageOf } from '../kit/message-of.ts';
import type { Problem } from './problem.ts';

/** The same error as data: over the wire, in the journal, and under `--json`. */
export type ErrorReport = {
  readonly kind: 'refusal' | 'failure' | 'defect';
  /** From the catalogue, for example `lock.held`; see error-catalogue.ts. */
  readonly code: string;
  /** "Cannot <verb> <object>: <current value>, <what is required>". */
  readonly message: string;
  readonly why?: string;
  /** One imperative sentence, or a command to paste. */
  readonly fix?: string;
  readonly retryable?: boolean;
  /** What was undone, one sentence each, where anything had been done. */
  readonly undone?: readonly string[];
  /** What could not be undone, one sentence each. */
  readonly notUndone?: readonly string[];
  /** The last lines of the program's own output, redacted. */
  readonly log?: readonly string[];
  /** What the probe asked and was answered, one line each. */
  readonly transcript?: readonly string[];
  readonly problems?: readonly Problem[];
  /** The exit code the CLI ends with. */
  readonly exit: number;
};

export type ErrorParts = Omit<ErrorReport, 'kind' | 'code' | 'message' | 'exit'> & {
  readonly exit?: number;
  readonly cause?: unknown;
};

class ReportedError extends Error {
  readonly report: ErrorReport;

  constructor(kind: ErrorReport['kind'], exit: number, code: string, message: string, parts: ErrorParts) {
    super(message, parts.cause === undefined ? undefined : { cause: parts.cause });
    const { cause: _cause, exit: ownExit, ...rest } = parts;
    this.report = { kind, code, message, exit: ownExit ?? exit, ...rest };
  }
}

/** We decline: bad input, gate of policy, lock held. Nothing was touched. */
export class Refusal extends ReportedError {
  override readonly name = 'Refusal';
  constructor(code: string, message: string, parts: ErrorParts = {}) {
    super('refusal', 2, code, message, parts);
  }
}

/** The world did not comply: a step failed, a probe timed out. */
export class Failure extends ReportedError {
  override readonly name = 'Failure';
  constructor(code: string, message: string, parts: ErrorParts = {}) {
    super('failure', 1, code, message, parts);
  }
}

/** Our own invariant broke. */
export class Defect extends ReportedError {
  override readonly name = 'Defect';
  constructor(message: string, parts: ErrorParts = {}) {
    super('defect', 70, 'defect', message, parts);
  }
}

export const isReported = (error: unknown): error is Refusal | Failure | Defect =>
  error instanceof ReportedError;

/** What a host can run out of, by the code of the system's error (errno(3)): no bug, whichever call meets it first. */
const EXHAUSTED: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on its disk',
  EDQUOT: 'the disk quota is used up',
  EMFILE: 'the process has no file descriptors left',
  ENFILE: 'the host has no file descriptors left',
  ENOMEM: 'the host has no memory left',
};

/** What fork(2) says with EAGAIN. */
export const NO_PROCESSES = 'no more processes are allowed';

/** What of the host's is used up, and where, in the words of a message; null where an error is about something else. */
export const exhaustionOf = (error: unknown): string | null => {
  const { code = '', path, syscall = '' } = error as NodeError;
  const what = code === 'EAGAIN' && syscall.startsWith('spawn') ? NO_PROCESSES : EXHAUSTED[code];
  return what === undefined ? null : `${what} (${path ?? syscall})`;
};

/** What a thrown value says, in our words where it is about a want of the host. */
export const wordsOf = (error: unknown): string =>
  (error instanceof Error ? exhaustionOf(error) : null) ?? messageOf(error);

type NodeError = { readonly code?: string; readonly path?: string; readonly syscall?: string };

/** Any thrown value as a report; what is not one of ours, and no want of the host, is a defect. */
export const toReport = (error: unknown): ErrorReport => {
  if (error instanceof ReportedError) return error.report;
  const exhaustion = error instanceof Error ? exhaustionOf(error) : null;
  if (exhaustion !== null) return hostExhausted(exhaustion).report;
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { kind: 'defect', code: 'defect', message, exit: 70 };
};

const hostExhausted = (what: string): Failure =>
  new Failure('host.exhausted', `Cannot go on: ${what}, some room is required`, {
    fix: 'see what the host lacks: reeve doctor',
    retryable: true,
  });

/** The report with every text of it masked. Kind and code are our own words: a secret that equals one leaves them alone. */
export const redactReport = (report: ErrorReport, redact: (text: string) => string): ErrorReport => {
  const masked = JSON.parse(
    JSON.stringify(report, (_key, value: unknown) => (typeof value === 'string' ? redact(value) : value)),
  ) as ErrorReport;
  return { ...masked, kind: report.kind, code: report.code };
};

/** The error again, from its report. */
export const fromReport = (report: ErrorReport): Refusal | Failure | Defect => {
  const { kind, code, message, ...parts } = report;
  if (kind === 'refusal') return new Refusal(code, message, parts);
  if (kind === 'failure') return new Failure(code, message, parts);
  return new Defect(message, parts);
};
