// How one step of a change looks, live and in plain text.
import { formatDuration } from '../../kit/format.ts';
import { isIdleUndo, isUndo, type StepProgress } from './change-progress.ts';
import type { Voice } from './output.ts';
import type { Style } from './paint.ts';
import type { Symbols } from './symbols.ts';
import { type Line, lineWidth, padEnd, padStart, span, truncate } from './text.ts';

const TIME_COLUMNS = 9;
const WIDEST = 88;

const signOf = (state: Exclude<StepProgress['state'], 'running' | 'undoing'>, symbols: Symbols) => {
  switch (state) {
    case 'done':
      return span(symbols.done, 'green');
    case 'failed':
    case 'undo-failed':
      return span(symbols.failed, 'red');
    case 'undone':
      return span(symbols.undone, 'yellow');
  }
};

/** A step that ended: sign, sentence, what came of it, its time at the right. What went wrong gets a line of its own. */
export const endedStepLines = (one: StepProgress, voice: Voice): Line[] => {
  if (one.state === 'running' || one.state === 'undoing' || isIdleUndo(one)) return [];
  const left: Line = [{ text: '  ' }, signOf(one.state, voice.symbols), { text: ' ' }, span(sentenceOf(one))];
  const ms = (one.endedAt ?? one.beganAt) - one.beganAt;
  const beside: Line = one.words ? [...left, { text: '  ' }, span(one.words, 'dim')] : left;
  const isBad = one.state === 'failed' || one.state === 'undo-failed';
  if (!isBad && lineWidth(beside) <= roomOf(voice)) return [stepLine(beside, ms, voice)];
  return [stepLine(left, ms, voice), ...wordsLines(one, isBad ? 'red' : 'dim')];
};

/** A step that runs: a turning sign, the time so far, and what it says of itself. */
export const runningStepLines = (one: StepProgress, now: number, voice: Voice): Line[] => {
  const { spinner } = voice.symbols;
  const sign = span(spinner[Math.floor(now / 100) % spinner.length]!, 'cyan');
  return [
    stepLine([{ text: '  ' }, sign, { text: ' ' }, span(sentenceOf(one), 'bold')], now - one.beganAt, voice),
    ...wordsLines(one, 'dim'),
  ];
};

/** An undo is told from the step it undoes. */
const sentenceOf = (one: StepProgress): string =>
  isUndo(one) ? `Undo: ${one.step.sentence}` : one.step.sentence;

const roomOf = (voice: Voice): number => Math.min(voice.width, WIDEST) - TIME_COLUMNS - 1;

const stepLine = (left: Line, ms: number, voice: Voice): Line => {
  const time = padStart([span(formatDuration(ms), 'dim')], TIME_COLUMNS);
  const room = roomOf(voice);
  return [...padEnd(truncate(left, Math.max(room, voice.width - TIME_COLUMNS - 1)), room), ...time];
};

const wordsLines = ({ words }: StepProgress, style: Style): Line[] =>
  words === null || words === '' ? [] : [[{ text: '    ' }, span(words, style)]];
