import type { LoadTarget } from './ask.ts';
import type { Tally } from './tally.ts';

/** Somebody who asks again and again, one request after the other, and never the same one twice. */
export type LoadClient = {
  /** Makes its next request, or its next few, and has them counted. */
  readonly turn: (target: LoadTarget, tally: Tally) => Promise<void>;
  /** Between two turns. */
  readonly pauseMs: number;
  readonly close?: () => void;
};
