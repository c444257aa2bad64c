// What an instance makes of its probe's answers, and of none. Pure.
import { formatDuration } from '../kit/format.ts';
import type { ProbeAnswer } from '../model/health.ts';
import { noteAnswer } from './health-track.ts';
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
  if (health.state === 'unhealthy' && state.gates === 0 && rules.restart !== 'never') {
    const times = health.failures === 1 ? 'a bad answer' : `${health.failures} bad answers in a row`;
    return replace(probed, `${times}: ${answer.words}`);
  }
  return to(
    probed,
    {},
    probe(nextProbeMs(health, rules.health, paceOf(state), moment.jitter)),
    ...(health.wasHealthy && !state.health.wasHealthy ? [clear('readiness')] : []),
    ...(isMoving ? awaitReadiness(probed, rules) : []),
  );
};

export const readinessElapsed = (state: InstanceState, rules: InstanceRules): Transition => {
  if (state.phase !== 'running' || state.health.wasHealthy || state.gates > 0) return to(state);
  // Degraded is an answer: a restart would take away the part that works.
  if (state.health.state === 'degraded') return to(state, {}, ...awaitReadiness(state, rules));
  const words = `not healthy within ${formatDuration(rules.health.withinMs)}: ${state.health.words}`;
  if (rules.restart !== 'never') return replace(state, words);
  return to(state, { health: { ...state.health, state: 'unhealthy', words } });
};
