// What an instance makes of its probe's answers, and of none. Pure.
import { formatDuration } from '../kit/format.ts';
import type { ProbeAnswer } from '../model/health.ts';
import { type HealthTrack, noteAnswer } from './health-track.ts';
import type { InstanceRules, InstanceState, Moment, Transition } from './instance-state.ts';
import { nextProbeMs } from './probe-pace.ts';
import { awaitReadiness, clear, paceOf, probe, replace, to } from './transitions.ts';

export const probeAnswered = (
  state: InstanceState,
  { run, answer }: { readonly run: number; readonly answer: ProbeAnswer },
  rules: InstanceRules,
  moment: Moment,
): Transition => {
  if (state.phase !== 'running' || run !== state.run) return to(state);
  const health = noteAnswer(state.health, answer, rules.health, moment.at);
  const probed = { ...state, health };
  const isMoving = rules.health.progressExtends && (health.progress ?? 0) > (state.health.progress ?? 0);
  // Whoever watches moves its traffic away first, and stops it then.
  const isLeft = state.gates === 0 && state.watches === 0;
  if (health.state === 'unhealthy' && isLeft && rules.restart !== 'never') {
    return replace(probed, badAnswerWords(health));
  }
  return to(
    probed,
    {},
    probe(nextProbeMs(health, rules.health, paceOf(state), moment.jitter)),
    ...(health.wasHealthy && !state.health.wasHealthy ? [clear('readiness')] : []),
    ...(isMoving ? awaitReadiness(probed, rules) : []),
  );
};

/** `3 bad answers in a row: 500, expected status 200`. */
export const badAnswerWords = ({ failures, words }: HealthTrack): string =>
  `${failures > 1 ? `${failures} bad answers in a row` : 'a bad answer'}: ${words}`;

export const readinessElapsed = (state: InstanceState, rules: InstanceRules): Transition => {
  if (state.phase !== 'running' || state.health.wasHealthy || state.gates > 0) return to(state);
  // Degraded is an answer: a restart would take away the part that works.
  if (state.health.state === 'degraded') return to(state, {}, ...awaitReadiness(state, rules));
  const words = `not healthy within ${formatDuration(rules.health.withinMs)}: ${state.health.words}`;
  if (rules.restart !== 'never') return replace(state, words);
  return to(state, { health: { ...state.health, state: 'unhealthy', words } });
};
