import type { Path } from '../places.ts';
import { describeSubject } from '../subject.ts';
import { formatDuration } from '../units.ts';
import { quote } from '../quote.ts';
import { type RuleContext, type ServiceFacts, servicesOf } from './rule.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Times that can not work, or that nobody can mean. */
export const checkTimes = (context: RuleContext): void => {
  const { stack, written, warn, places } = context;
  for (const facts of servicesOf(context)) judgeService(context, facts);
  for (const job of stack.jobs) atLeast(context, ['jobs', job.name, 'timeout'], job.timeoutMs, 1000);

  const bakePath: Path = typeof written.bake === 'object' ? ['bake', 'for'] : ['bake'];
  if (stack.bake.forMs > HOUR) {
    warn(places.ofValue(bakePath), {
      code: 'time.long',
      message: `Cannot deploy again for ${formatDuration(stack.bake.forMs)} after each deploy: that is how long "bake" keeps the lock`,
      fix: 'write an hour at most',
    });
  }
  if (stack.warmMs > 7 * DAY) {
    warn(places.ofValue(['warm']), {
      code: 'time.long',
      message: `Cannot call it warm for ${formatDuration(stack.warmMs)}: two copies of everything stay in memory that long`,
      fix: 'write 7d at most',
    });
  }
};

const judgeService = (context: RuleContext, { path, service }: ServiceFacts): void => {
  const { places, error, warn } = context;
  const { health, stop } = service;
  const at = [...path, 'health'];
  atLeast(context, [...at, 'interval'], health.intervalMs, 100);
  atLeast(context, [...at, 'timeout'], health.timeoutMs, 10);
  atLeast(context, [...at, 'within'], health.withinMs, 100);
  // While it starts, a service is probed every second at most.
  const leastMs =
    health.settleMs + (health.probe === null ? 0 : (health.passes - 1) * Math.min(health.intervalMs, 1000));
  if (health.withinMs >= 100 && leastMs >= health.withinMs) {
    const place = places.ofValue(places.has([...at, 'within']) ? [...at, 'within'] : [...at, 'settle']);
    error(place, {
      code: 'health.never-in-time',
      message: `Cannot ever find ${quote(service.name)} healthy: ${health.passes} passes and settle take ${formatDuration(leastMs)}, and within is ${formatDuration(health.withinMs)}`,
      fix: `write within: ${formatDuration(Math.ceil(leastMs / 1000) * 1000 + 30_000)}`,
    });
  } else if (health.probe !== null && health.timeoutMs > health.withinMs && places.has([...at, 'timeout'])) {
    warn(places.ofValue([...at, 'timeout']), {
      code: 'health.long-timeout',
      message: `Cannot use a whole timeout of ${quote(service.name)}: it is ${formatDuration(health.timeoutMs)}, and within is ${formatDuration(health.withinMs)}`,
      fix: 'write a shorter timeout',
    });
  }
  if (stop.graceMs > HOUR) {
    warn(places.ofValue([...path, 'stop', 'grace']), {
      code: 'time.long',
      message: `Cannot stop ${quote(service.name)} within the hour: grace is ${formatDuration(stop.graceMs)}`,
      fix: 'write an hour at most',
    });
  }
};

const atLeast = ({ places, error }: RuleContext, path: Path, ms: number, least: number): void => {
  if (ms >= least) return;
  error(places.ofValue(path), {
    code: 'time.short',
    message: `Cannot use ${describeSubject(path)}: ${formatDuration(ms)}, at least ${formatDuration(least)} is required`,
    fix: `write ${formatDuration(least)} or more`,
  });
};
