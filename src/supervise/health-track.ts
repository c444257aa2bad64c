// What the answers of one run's probe add up to. Pure.
import type { HealthState, ProbeAnswer } from '../model/health.ts';
import type { Health } from '../model/stack.ts';

/** The same answer several times in a row is one note. Times are monotonic milliseconds. */
export type ProbeNote = {
  readonly firstAt: number;
  readonly lastAt: number;
  readonly times: number;
  readonly state: ProbeAnswer['state'];
  readonly words: string;
};

export type HealthTrack = {
  readonly state: HealthState;
  /** The probe's own words, or supervision's. */
  readonly words: string;
  /** Good answers in a row. */
  readonly passes: number;
  /** Bad answers in a row. */
  readonly failures: number;
  readonly answers: number;
  /** Whether this run has been healthy before. */
  readonly wasHealthy: boolean;
  /** Monotonic: since when every answer was good; null where the last was not. */
  readonly goodSince: number | null;
  /** Monotonic: since when the state is healthy. */
  readonly healthySince: number | null;
  /** The furthest progress that was reported, 0 to 1. */
  readonly progress: number | null;
  readonly lastAnswer: ProbeAnswer | null;
  readonly lastAnswerAt: number | null;
  /** The last ten, oldest first. */
  readonly notes: readonly ProbeNote[];
};

const NOTES_KEPT = 10;

export const NO_HEALTH: HealthTrack = {
  state: 'unknown',
  words: 'not running',
  passes: 0,
  failures: 0,
  answers: 0,
  wasHealthy: false,
  goodSince: null,
  healthySince: null,
  progress: null,
  lastAnswer: null,
  lastAnswerAt: null,
  notes: [],
};

/**
 * A run that has just begun; where nothing probes it, running is healthy. `adoptedAge`: how long an adopted one had been
 * up. It is unknown until it answers, and taken as having been good until it says otherwise.
 */
export const beginHealth = (health: Health, at: number, adoptedAge: number | null): HealthTrack => {
  const since = at - (adoptedAge ?? 0);
  if (health.probe === null) {
    const good = { wasHealthy: true, goodSince: since, healthySince: since };
    return { ...NO_HEALTH, state: 'healthy', words: 'running', ...good };
  }
  return adoptedAge === null
    ? { ...NO_HEALTH, state: 'starting', words: 'started' }
    : { ...NO_HEALTH, words: 'adopted, not probed yet', healthySince: since };
};

/** `at`: monotonic, when the answer came. */
export const noteAnswer = (
  track: HealthTrack,
  answer: ProbeAnswer,
  health: Health,
  at: number,
): HealthTrack => {
  const notes = addNote(track.notes, answer, at);
  // Nobody may be restarted for what the agent lacks, nor pass a gate by it.
  if (answer.cause === 'not-asked')
    return { ...track, goodSince: null, lastAnswer: answer, lastAnswerAt: at, notes };
  const isGood = answer.state === 'healthy';
  const passes = isGood ? track.passes + 1 : 0;
  const failures = answer.state === 'unhealthy' ? track.failures + 1 : 0;
  const state = stateAfter(track, answer, health, { passes, failures });
  return {
    state,
    // The words of a passing hiccup would say that a healthy instance is not.
    words: state === 'healthy' && !isGood ? track.words : answer.words,
    passes,
    failures,
    answers: track.answers + 1,
    wasHealthy: track.wasHealthy || state === 'healthy',
    goodSince: isGood ? (track.goodSince ?? at) : null,
    healthySince: state === 'healthy' ? (track.healthySince ?? at) : null,
    progress: answer.progress === null ? track.progress : Math.max(track.progress ?? 0, answer.progress),
    lastAnswer: answer,
    lastAnswerAt: at,
    notes,
  };
};

const stateAfter = (
  track: HealthTrack,
  answer: ProbeAnswer,
  health: Health,
  counts: { readonly passes: number; readonly failures: number },
): HealthState => {
  switch (answer.state) {
    case 'healthy':
      if (counts.passes >= health.passes) return 'healthy';
      return track.state === 'unknown' ? 'starting' : track.state;
    case 'degraded':
      return 'degraded';
    // One that was healthy and says that it is starting again works, but not fully.
    case 'starting':
      return track.wasHealthy ? 'degraded' : 'starting';
    case 'unhealthy':
      if (!track.wasHealthy) return 'starting';
      return counts.failures >= health.failures ? 'unhealthy' : track.state;
  }
};

const addNote = (notes: readonly ProbeNote[], answer: ProbeAnswer, at: number): readonly ProbeNote[] => {
  const last = notes.at(-1);
  const isRepeated = last?.words === answer.words && last.state === answer.state;
  const note = isRepeated
    ? { ...last, lastAt: at, times: last.times + 1 }
    : { firstAt: at, lastAt: at, times: 1, state: answer.state, words: answer.words };
  return [...(isRepeated ? notes.slice(0, -1) : notes), note].slice(-NOTES_KEPT);
};
