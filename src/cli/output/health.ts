// How an instance's state looks: one sign, one word, and what the probe said.
import type { ServiceStatus, StackStatus } from '../../api/wire.ts';
import { formatAge } from '../../kit/format.ts';
import type { HealthState } from '../../model/health.ts';
import type { Voice } from './output.ts';
import type { Style } from './paint.ts';
import type { Symbols } from './symbols.ts';
import { type Line, type Span, span } from './text.ts';

export type Instance = StackStatus['services'][number]['instances'][number];

const STYLES: Readonly<Record<HealthState, Style>> = {
  starting: 'cyan',
  degraded: 'yellow',
  healthy: 'green',
  unhealthy: 'red',
  unknown: 'dim',
};

const healthSign = (state: HealthState, symbols: Symbols): Span => {
  const sign: Readonly<Record<HealthState, string>> = {
    starting: symbols.empty,
    degraded: symbols.half,
    healthy: symbols.full,
    unhealthy: symbols.failed,
    unknown: symbols.unknown,
  };
  return span(sign[state], STYLES[state]);
};

/** `● healthy`. */
export const healthLine = (state: HealthState, { symbols }: Voice): Line => [
  healthSign(state, symbols),
  { text: ' ' },
  span(state, STYLES[state]),
];

/** Why a service has no copy that serves. */
export const absence = ({ replicas }: Pick<ServiceStatus, 'replicas'>): string =>
  replicas === 0 ? 'none, 0 replicas are wanted' : 'stopped';

/** What an instance is doing: supervision's word where it is not simply running, else its health. */
export const instanceState = (instance: Instance, now: number, voice: Voice): Line => {
  const { symbols } = voice;
  if (instance.warmUntil !== null) {
    return [span(`${symbols.empty} warm, ${formatAge(instance.warmUntil - now)} left`, 'dim')];
  }
  switch (instance.activity) {
    case 'crash-looping':
      return [span(`${symbols.failed} crash-looping`, 'boldRed'), ...nextStart(instance, now)];
    case 'waiting':
      return [span(`${symbols.failed} down`, 'red'), ...nextStart(instance, now)];
    case 'stopping':
      return [span(`${symbols.half} stopping`, 'yellow')];
    case 'stopped':
    case 'ended':
      return [span(`${symbols.empty} ${instance.activity}`, 'dim')];
    case 'starting':
    case 'running':
      return healthLine(instance.health, voice);
  }
};

/** The same with what the probe, or supervision, says of it. */
export const instanceStateAndWords = (instance: Instance, now: number, voice: Voice): Line => {
  const state = instanceState(instance, now, voice);
  if (instance.words === '' || instance.warmUntil !== null) return state;
  return [...state, { text: '  ' }, span(instance.words, 'dim')];
};

const nextStart = ({ nextStartAt }: Instance, now: number): Span[] =>
  nextStartAt === null
    ? []
    : [span(nextStartAt <= now ? ', next now' : `, next in ${formatAge(nextStartAt - now)}`, 'red')];
