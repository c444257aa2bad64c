// The three ways a call can end badly. `Refusal`: we declined and touched nothing.
// `Failure`: the world did not comply. `Defect`: our own invariant broke.
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

/** Any thrown value as a report; what is not one of ours is a defect. */
export const toReport = (error: unknown): ErrorReport => {
  if (error instanceof ReportedError) return error.report;
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { kind: 'defect', code: 'defect', message, exit: 70 };
};

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
