import type { Phase, Plan } from '../model/plan.ts';
import { counted } from './wording.ts';

const HEADINGS: Readonly<Record<Phase, string>> = {
  prepare: 'Prepare',
  prove: 'Prove',
  'cut-over': 'Cut over',
  bake: 'Bake',
  finish: 'Finish',
};

/** A plan as text for people: grouped by phase, one sentence per step. Ends with a line end. */
export const renderPlan = (plan: Plan): string => {
  if (plan.steps.length === 0) return `${plan.sentence}\n`;
  const lines = [plan.sentence, ...plan.notes.map((note) => `  note: ${note}`)];
  const width = String(plan.steps.length).length;
  let phase: Phase | null = null;
  for (const step of plan.steps) {
    if (step.phase !== phase) lines.push('', HEADINGS[step.phase]);
    phase = step.phase;
    lines.push(`  ${String(step.id).padStart(width)}  ${step.sentence}`);
  }
  lines.push('', summary(plan));
  return `${lines.join('\n')}\n`;
};

const summary = ({ steps }: Plan): string => {
  const forward = steps.filter(({ phase }) => phase === 'finish').length;
  const undone = steps.length - forward;
  const count = counted(steps.length, 'step');
  if (undone === 0) return `${count}, none of which is undone when one fails.`;
  if (forward === 0) return `${count}, undone when ${undone === 1 ? 'it' : 'one'} fails.`;
  const which =
    undone === 1 ? 'the first is undone when it fails' : `1 to ${undone} are undone when one of them fails`;
  return `${count}: ${which}, the rest only goes forward.`;
};
