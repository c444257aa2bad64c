import { formatAge, formatDuration } from '../../kit/format.ts';
import type { Change, ChangeState } from '../../model/change.ts';
import { progressOf } from './change-progress.ts';
import { renderChangeEnd } from './change-end.ts';
import { renderError } from './error.ts';
import { renderFields } from './fields.ts';
import type { Voice } from './output.ts';
import type { Style } from './paint.ts';
import { endedStepLines, runningStepLines } from './step-lines.ts';
import { renderTable } from './table.ts';
import { type Line, span } from './text.ts';

const STYLES: Readonly<Record<ChangeState, Style>> = {
  queued: 'dim',
  running: 'cyan',
  undoing: 'yellow',
  done: 'green',
  failed: 'red',
  cancelled: 'yellow',
  superseded: 'dim',
};

export const renderChanges = (changes: readonly Change[], now: number, voice: Voice): Line[] => {
  if (changes.length === 0) return [[span('No change yet. Make one with: reeve up')]];
  const rows = changes.map((change) => [
    [span(String(change.id))],
    [span(change.stack)],
    [span(change.state, STYLES[change.state])],
    [span(`${formatAge(now - change.openedAt)} ago`, 'dim')],
    [span(formatDuration((change.closedAt ?? now) - change.openedAt), 'dim')],
    [span(change.by, 'dim')],
    [span(change.plan.sentence)],
  ]);
  return renderTable(
    {
      columns: [
        { title: 'CHANGE', align: 'right' },
        { title: 'STACK', drop: 2 },
        { title: 'STATE' },
        { title: 'OPENED', align: 'right' },
        { title: 'TOOK', align: 'right' },
        { title: 'BY', drop: 3 },
        { title: 'WHAT', atLeast: 24 },
      ],
      rows,
    },
    { width: voice.width - 1 },
  );
};

/** One change with all its steps, those that were never begun as well. */
export const renderChange = (change: Change, voice: Voice): Line[] => {
  const { steps } = progressOf(change);
  const begun = new Set(steps.map(({ step }) => step.id));
  const facts = renderFields(
    [
      { label: 'stack', lines: [change.stack] },
      { label: 'state', lines: [change.state] },
      { label: 'opened', lines: [`${new Date(change.openedAt).toISOString()} by ${change.by}`] },
      { label: 'closed', lines: change.closedAt === null ? [] : [new Date(change.closedAt).toISOString()] },
    ],
    voice,
  );
  return [
    [span(change.plan.sentence, 'bold'), span(`  change ${change.id}`, 'dim')],
    ...facts,
    [],
    ...steps.flatMap((one) =>
      one.endedAt === null ? runningStepLines(one, one.beganAt, voice) : endedStepLines(one, voice),
    ),
    ...change.plan.steps
      .filter(({ id }) => !begun.has(id))
      .map((step): Line => [
        { text: '  ' },
        span(voice.symbols.dot, 'dim'),
        { text: ' ' },
        span(step.sentence, 'dim'),
      ]),
    [],
    ...(change.closedAt === null ? [] : [renderChangeEnd(change, voice)]),
    ...(change.error ? renderError(change.error, voice) : []),
  ];
};
