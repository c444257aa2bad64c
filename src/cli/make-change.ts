// From a wish to its end: submit it, show it as it goes, and say how it ended.
import type { ChangeAnswer, FollowLine, Wish } from '../api/wire.ts';
import { followChange } from '../client/follow-change.ts';
import { formatDuration } from '../kit/format.ts';
import { realClock } from '../kit/real-clock.ts';
import { type Change, isEnded } from '../model/change.ts';
import { Defect } from '../model/error.ts';
import type { Problem } from '../model/problem.ts';
import { EXIT, exitCodeOf } from './exit-code.ts';
import { renderChangeEnd } from './output/change-end.ts';
import { renderError } from './output/error.ts';
import { renderNotes } from './output/plan.ts';
import { renderProblems } from './output/problems.ts';
import { openProgress } from './output/progress.ts';
import { span, wrap } from './output/text.ts';
import type { Session } from './session.ts';

/** How a change looks under `--json`; `error` only where it failed. */
export type ChangeResult =
  | { readonly outcome: 'nothing'; readonly answer: ChangeAnswer }
  /** `detached`: as `--detach` asked. `interrupted`: Ctrl-C; the change goes on in both. */
  | { readonly outcome: 'detached' | 'interrupted' | Change['state']; readonly change: Change };

export type ChangeOptions = {
  /** Do not follow it. */
  readonly detach?: boolean;
  /** What is said where there is nothing to do. */
  readonly nothing?: string;
};

const PATIENCE_MS = 30_000;
const SAY_WAITING_MS = 500;

/** Submits a wish, follows it, prints its end and gives the exit code. */
export const makeChange = async (
  session: Session,
  wish: Wish,
  options: ChangeOptions = {},
): Promise<number> => {
  const { result, warnings } = await submit(session, wish, options);
  if (wish.want === 'job' && result.outcome === 'done')
    sayWhereItPrinted(session, result.change.id, wish.job);
  session.output.answer(jsonOf(result, warnings), () => []);
  return exitCodeOfResult(result);
};

/** The same for several wishes, one after the other; stops at the first that does not succeed. */
export const makeChanges = async (session: Session, wishes: readonly Wish[]): Promise<number> => {
  const results: unknown[] = [];
  let code: number = EXIT.done;
  for (const wish of wishes) {
    const { result, warnings } = await submit(session, wish, {});
    results.push(jsonOf(result, warnings));
    code = exitCodeOfResult(result);
    if (code !== EXIT.done) break;
  }
  session.output.answer(results, () => []);
  return code;
};

/** Follows a change that runs, prints its end and gives the exit code. */
export const showChangeToItsEnd = async (session: Session, id: number): Promise<number> => {
  const result = await follow(session, id);
  session.output.answer(jsonOf(result, []), () => []);
  return exitCodeOfResult(result);
};

/** Cancels a change and follows it to its end; the state it ended in, or with `detach` the one it is in. */
export const cancelChange = async (
  session: Session,
  id: number,
  detach: boolean,
): Promise<Change['state']> => {
  const { client, output, signal } = session;
  const change = await client.call('cancelChange', { params: { id }, signal });
  if (detach) {
    output.say(() => [[span(`Change ${id} is being cancelled`)]]);
    output.answer({ outcome: 'detached', change, warnings: [] }, () => []);
    return change.state;
  }
  const result = await follow(session, id, { known: change, isCancelling: true });
  output.answer(jsonOf(result, []), () => []);
  return result.outcome === 'nothing' ? change.state : result.change.state;
};

type Submitted = { readonly result: ChangeResult; readonly warnings: readonly Problem[] };

const submit = async (session: Session, wish: Wish, options: ChangeOptions): Promise<Submitted> => {
  const { client, output, signal } = session;
  await session.ensureAgent();
  const waiting = sayWaiting(session, wish.waitMs);
  const answer = await client.call('change', { body: wish, signal }).finally(() => clearTimeout(waiting));
  const { warnings } = answer;
  if (warnings.length > 0) output.hint((voice) => renderProblems(warnings, voice));
  if (answer.outcome === 'nothing') {
    output.say(({ symbols }) => [
      [span(symbols.done, 'green'), { text: ' ' }, span(options.nothing ?? 'Nothing to do')],
    ]);
    return { result: { outcome: 'nothing', answer }, warnings };
  }
  const { change, behind } = answer;
  // A deploy has the same ones each time, and `reeve plan` for whoever wants to read them.
  if (wish.want !== 'deploy') output.say(() => renderNotes(change.plan));
  const isQueued = answer.outcome === 'queued' && behind !== null;
  if (isQueued) output.say(() => [[span(`Change ${change.id} waits behind change ${behind}`, 'yellow')]]);
  if (!options.detach) return { result: await follow(session, change.id, { known: change }), warnings };
  if (!isQueued) output.say(() => [[span(`Change ${change.id} runs: ${change.plan.sentence}`)]]);
  sayHowToGoOn(session, change.id);
  return { result: { outcome: 'detached', change }, warnings };
};

// The agent answers when the change has its turn, and until then there is nothing to follow.
const sayWaiting = ({ output }: Session, waitMs: number | undefined): NodeJS.Timeout | undefined => {
  if (waitMs === undefined || output.isQuiet) return undefined;
  const words = `Waiting for the lock, or for the change that runs, at most ${formatDuration(waitMs)}`;
  return setTimeout(() => output.hint(() => [[span(words, 'dim')]]), SAY_WAITING_MS);
};

type Followed = {
  readonly known?: Change;
  /** Being cancelled is what was asked for, and no error to show. */
  readonly isCancelling?: boolean;
};

const follow = async (
  session: Session,
  id: number,
  { known, isCancelling = false }: Followed = {},
): Promise<ChangeResult> => {
  const { client, output, world } = session;
  const signal = world.interrupted;
  const progress = output.isQuiet ? null : openProgress(output.voice, world.now);
  let last: Change | null = known ?? null;
  try {
    const lost = progress?.lost;
    for await (const line of followChange(client, id, {
      clock: realClock,
      patienceMs: PATIENCE_MS,
      signal,
      lost,
    })) {
      progress?.show(line);
      last = wholeChange(line) ?? last;
    }
  } catch (error) {
    if (!signal.aborted || last === null) throw error;
  } finally {
    progress?.close();
  }
  if (last === null) throw new Defect(`change ${id} was followed and nothing of it was seen`);
  if (!isEnded(last.state)) {
    sayHowToGoOn(session, id, `Change ${id} goes on.`);
    return { outcome: 'interrupted', change: last };
  }
  sayEnd(session, last, isCancelling && last.state === 'cancelled');
  return { outcome: last.state, change: last };
};

const wholeChange = (line: FollowLine): Change | null => ('event' in line ? null : line.change);

const sayEnd = ({ output }: Session, change: Change, isWanted: boolean): void => {
  output.say((voice) => [renderChangeEnd(change, voice)]);
  const { error } = change;
  if (error && !isWanted && !output.isJson) output.hint((voice) => renderError(error, voice));
};

const sayWhereItPrinted = ({ output }: Session, id: number, job: string): void =>
  output.say(() => [[span(`What it printed: reeve logs job-${id}-${job}`, 'dim')]]);

const sayHowToGoOn = ({ output }: Session, id: number, first?: string): void => {
  if (output.isQuiet) return;
  const words = `Follow it: reeve changes follow ${id}. Cancel it: reeve changes cancel ${id}`;
  const said = first === undefined ? words : `${first} ${words}`;
  output.hint((voice) => wrap(said, voice.width - 1).map((text) => [span(text)]));
};

const jsonOf = (result: ChangeResult, warnings: readonly Problem[]): unknown => {
  if (result.outcome === 'nothing') return { ...result.answer };
  const { outcome, change } = result;
  return { outcome, change, warnings, ...(change.error ? { error: change.error } : {}) };
};

const exitCodeOfResult = (result: ChangeResult): number => {
  switch (result.outcome) {
    case 'nothing':
    case 'detached':
      return EXIT.done;
    case 'interrupted':
      return EXIT.interrupted;
    default:
      return exitCodeOf(result.change);
  }
};
