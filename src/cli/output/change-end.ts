// The one line that a change ends with, from what its journal says and nothing else.
import { formatDuration } from '../../kit/format.ts';
import type { Change } from '../../model/change.ts';
import type { StepKind } from '../../model/plan.ts';
import { progressOf, type StepProgress } from './change-progress.ts';
import type { Voice } from './output.ts';
import type { Symbols } from './symbols.ts';
import { type Line, type Span, span } from './text.ts';

/** `Release 12 is live (14 s: gate 1.9 s, traffic moved in 4 ms, watched 10 s)`. */
export const renderChangeEnd = (change: Change, { symbols }: Voice): Line => {
  const isDone = change.state === 'done';
  const sentence = change.outcome ?? `Change ${change.id} is ${change.state}`;
  return [
    signOf(change.state, symbols),
    { text: ' ' },
    span(sentence, isDone ? 'boldGreen' : 'bold'),
    ...factsOf(change).map((facts) => span(` (${facts})`, 'dim')),
  ];
};

// A cancel is what somebody wanted.
const signOf = (state: Change['state'], symbols: Symbols): Span => {
  if (state === 'done') return span(symbols.done, 'green');
  return state === 'cancelled' ? span(symbols.undone, 'yellow') : span(symbols.failed, 'red');
};

const factsOf = (change: Change): string[] => {
  const { steps } = progressOf(change);
  const parts = [
    ...timeOf(steps, 'pass-gate').map((time) => `gate ${time}`),
    ...timeOf(steps, 'switch-routes').map((time) => `traffic moved in ${time}`),
    ...timeOf(steps, 'bake').map((time) => `watched ${time}`),
  ].join(', ');
  const total = change.closedAt === null ? '' : formatDuration(change.closedAt - change.openedAt);
  const facts = [total, parts].filter((part) => part !== '').join(': ');
  return facts === '' ? [] : [facts];
};

const timeOf = (steps: readonly StepProgress[], kind: StepKind): string[] => {
  const done = steps.filter(({ step, state }) => step.kind === kind && state === 'done');
  if (done.length === 0) return [];
  return [
    formatDuration(done.reduce((sum, { beganAt, endedAt }) => sum + (endedAt ?? beganAt) - beganAt, 0)),
  ];
};
