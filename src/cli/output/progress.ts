// Shows a change as it goes: live steps on a terminal, plain lines elsewhere.
import type { FollowLine } from '../../api/wire.ts';
import { formatDuration } from '../../kit/format.ts';
import {
  advance,
  type ChangeProgress,
  hasNeverBegun,
  isIdleUndo,
  isUndo,
  runningSteps,
  type StepProgress,
} from './change-progress.ts';
import { openLiveArea } from './live-area.ts';
import type { Voice } from './output.ts';
import { PHASE_TITLES } from './phases.ts';
import { endedStepLines, runningStepLines } from './step-lines.ts';
import { type Line, paintLines, span } from './text.ts';

export type ProgressView = {
  readonly show: (line: FollowLine) => void;
  /** The agent went away; whoever follows is waiting for it. */
  readonly lost: () => void;
  readonly close: () => void;
};

export const openProgress = (voice: Voice, now: () => number): ProgressView =>
  voice.screen.isTerminal ? liveProgress(voice, now) : plainProgress(voice);

const FRAME_MS = 100;
const LOST = 'The agent does not answer; waiting for it to come back';

const liveProgress = (voice: Voice, now: () => number): ProgressView => {
  const area = openLiveArea(voice.screen, voice.paint);
  let progress: ChangeProgress | null = null;
  let kept = 0;
  let heading: string | null = null;
  let hasTitle = false;
  let isLost = false;

  // Steps end in the order in which they began, so what ended first scrolls away first.
  const keepEnded = (): void => {
    // The plan of a queued change is made anew when its turn comes.
    if (!progress || progress.change.state === 'queued' || hasNeverBegun(progress)) return;
    const lines: Line[] = [];
    if (!hasTitle) lines.push(titleLine(progress));
    hasTitle = true;
    for (let one = progress.steps[kept]; one && one.endedAt !== null; one = progress.steps[kept]) {
      const ended = endedStepLines(one, voice);
      if (ended.length > 0) lines.push(...headingLines(one), ...ended);
      kept += 1;
    }
    area.keep(lines);
  };

  const headingLines = (one: StepProgress): Line[] => {
    const title = titleOf(one);
    if (title === heading) return [];
    heading = title;
    return [[span(title, 'bold')]];
  };

  const redraw = (): void => {
    if (!progress) return;
    const running = runningSteps(progress);
    area.keep(running[0] ? headingLines(running[0]) : []);
    area.draw([
      ...(progress.change.state === 'queued' ? [hintLine('Waiting for the changes before it')] : []),
      ...running.flatMap((one) => runningStepLines(one, now(), voice)),
      ...(isLost ? [hintLine(LOST)] : []),
    ]);
  };

  const frames = setInterval(redraw, FRAME_MS);
  return {
    lost: () => {
      isLost = true;
      redraw();
    },
    show: (line) => {
      progress = advance(progress, line);
      isLost = false;
      area.draw([]);
      keepEnded();
      redraw();
    },
    close: () => {
      clearInterval(frames);
      area.draw([]);
      area.close();
    },
  };
};

const hintLine = (text: string): Line => [{ text: '  ' }, span(text, 'yellow')];

const titleOf = (one: StepProgress): string => (isUndo(one) ? 'Undo' : PHASE_TITLES[one.step.phase]);

const titleLine = ({ change }: ChangeProgress): Line => [
  span(change.plan.sentence, 'bold'),
  span(`  change ${change.id}`, 'dim'),
];

// One line when a step begins and one when it ends, each with the time since the change was opened: for logs and CI.
const plainProgress = (voice: Voice): ProgressView => {
  let progress: ChangeProgress | null = null;
  const begun = new Set<number>();
  const ended = new Set<number>();
  let hasTitle = false;

  const write = (line: Line): void => voice.screen.write(paintLines([line], voice.paint));
  const tell = (at: number, text: string): void => {
    const since = formatDuration(at - progress!.change.openedAt);
    write([span(`[${since.padStart(8)}] ${text}`)]);
  };

  return {
    lost: () => write([span(LOST)]),
    show: (line) => {
      progress = advance(progress, line);
      if (!progress || progress.change.state === 'queued' || hasNeverBegun(progress)) return;
      if (!hasTitle) write([span(`Change ${progress.change.id}: ${progress.change.plan.sentence}`)]);
      hasTitle = true;
      const count = progress.change.plan.steps.length;
      progress.steps.forEach((one, at) => {
        const place = `${one.step.id}/${count}`;
        // An undo is told at its end, by what came of it.
        if (!begun.has(at) && !isUndo(one)) tell(one.beganAt, `${place} ${one.step.sentence}`);
        begun.add(at);
        if (one.endedAt === null || ended.has(at)) return;
        ended.add(at);
        if (isIdleUndo(one)) return;
        const took = formatDuration(one.endedAt - one.beganAt);
        const end = one.state === 'undo-failed' ? 'not undone' : one.state;
        tell(one.endedAt, `${place} ${end} in ${took}${one.words ? `: ${one.words}` : ''}`);
      });
    },
    close: () => {},
  };
};
