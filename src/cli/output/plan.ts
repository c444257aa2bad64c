import type { Phase, Plan } from '../../model/plan.ts';
import { PHASE_TITLES } from './phases.ts';
import type { Symbols } from './symbols.ts';
import { type Line, span } from './text.ts';

/** The very sentences that progress and history will show, numbered, under their phases. */
export const renderPlan = (plan: Plan, symbols: Symbols): Line[] => {
  if (plan.steps.length === 0)
    return [[span(symbols.done, 'green'), { text: ' ' }, span(plan.sentence || 'Nothing to do')]];
  const digits = String(plan.steps.length).length;
  const lines: Line[] = [[span(plan.sentence, 'bold')]];
  let phase: Phase | null = null;
  for (const step of plan.steps) {
    if (step.phase !== phase)
      lines.push([], [span(PHASE_TITLES[step.phase], 'bold'), span(meaningOf(step.phase), 'dim')]);
    phase = step.phase;
    lines.push([
      { text: '  ' },
      span(String(step.id).padStart(digits), 'dim'),
      { text: '  ' },
      span(step.sentence),
    ]);
  }
  if (plan.notes.length > 0) lines.push([]);
  lines.push(...renderNotes(plan));
  return lines;
};

/** What a person should know, a line each. */
export const renderNotes = ({ notes }: Plan): Line[] =>
  notes.map((note) => [span('note  ', 'yellow'), span(note)]);

const meaningOf = (phase: Phase): string => (phase === 'finish' ? '  not undone' : '');
