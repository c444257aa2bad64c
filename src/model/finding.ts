import type { InstanceId, Name } from './names.ts';

/** What the doctor saw. */
export type Finding = {
  readonly code: string;
  readonly severity: 'error' | 'warning' | 'note';
  /** One sentence without a full stop, as are `cause` and `fix`. */
  readonly symptom: string;
  /** What was looked at and what it said, one line each, redacted. */
  readonly evidence: readonly string[];
  readonly cause: string;
  readonly fix: string;
  /** What it is about; all absent for the host itself. */
  readonly stack?: Name;
  readonly service?: Name;
  readonly instance?: InstanceId;
  /** The code of the finding that explains this one: mend that first. */
  readonly consequenceOf?: string;
};
