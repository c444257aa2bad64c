import { z } from 'zod';
import { HEALTH_DEFAULTS as HEALTH, SERVICE_DEFAULTS as SERVICE } from '../defaults.ts';
import { formatDuration } from '../units.ts';
import { expects } from './expectations.ts';
import { command, programKeys } from './program.ts';
import { duration, key, oneOrMany, size, strictMap, text, truth, wholeNumber } from './scalars.ts';

/** The signals that end programs or that programs take for "end". */
const STOP_SIGNALS = [
  'SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGABRT', 'SIGKILL',
] as const; // prettier-ignore

const MOST_PORTS = 65_535;

export const writtenHealth = strictMap('health', {
  http: key(text.optional(), {
    description:
      'A path that is asked on the port of the instance. Any 2xx is healthy. A JSON body with `status` of `degraded` or `starting` is taken as that state.',
    type: 'path',
    example: '/up',
  }),
  status: key(wholeNumber('status', 100, 599).optional(), {
    description: 'With `http`: the one status that is healthy.',
    type: 'number',
    example: '204',
  }),
  host: key(text.optional(), {
    description: 'With `http`: the Host header that is sent.',
    type: 'host',
    example: 'example.com',
  }),
  tcp: key(z.literal(true, expects('isTrue')).optional(), {
    description: 'Healthy while the port takes connections.',
    type: 'true',
    example: 'true',
  }),
  exec: key(command.optional(), {
    description:
      'A command beside the instance, with its environment: exit 0 is healthy, 1 unhealthy, 75 degraded. Its last line of output is shown.',
    type: 'line, or list',
    example: 'bin/check --quick',
  }),
  shell: key(truth.optional(), {
    description: 'With `exec`: hand the line to `/bin/sh -c`.',
    type: 'true or false',
    default: false,
  }),
  log: key(text.optional(), {
    description: 'Healthy once a line that the instance wrote since its start matches.',
    type: 'regular expression',
    example: '"^listening on"',
  }),
  interval: key(duration.optional(), {
    description: 'From one probe to the next.',
    type: 'duration',
    default: formatDuration(HEALTH.intervalMs),
  }),
  timeout: key(duration.optional(), {
    description: 'How long one probe may take.',
    type: 'duration',
    default: formatDuration(HEALTH.timeoutMs),
  }),
  passes: key(wholeNumber('count', 1, 1000).optional(), {
    description: 'Good answers in a row before an instance is healthy.',
    type: 'number',
    default: HEALTH.passes,
  }),
  failures: key(wholeNumber('count', 1, 1000).optional(), {
    description: 'Bad answers in a row before a healthy instance is unhealthy.',
    type: 'number',
    default: HEALTH.failures,
  }),
  settle: key(duration.optional(), {
    description: 'How long an instance must stay healthy before it gets traffic.',
    type: 'duration',
    default: formatDuration(HEALTH.settleMs),
  }),
  within: key(duration.optional(), {
    description: 'How long a new instance has, in all, to become healthy; then the deploy is refused.',
    type: 'duration',
    default: formatDuration(HEALTH.withinMs),
  }),
  progress_extends: key(truth.optional(), {
    description: 'A progress report that moves extends `within`.',
    type: 'true or false',
    default: HEALTH.progressExtends,
  }),
});

export const writtenRoute = strictMap('route', {
  host: key(text.optional(), {
    description: 'The host, `*.` in front for all hosts below it. Without it, `<stack>.localhost`.',
    type: 'host',
    example: '"*.example.com"',
  }),
  path: key(text.optional(), {
    description: 'The path: itself and everything below it.',
    type: 'path',
    default: '/',
    example: '/api',
  }),
  strip_path: key(truth.optional(), {
    description: 'The service sees requests without that path in front.',
    type: 'true or false',
    default: false,
  }),
});

const routeItem = z.union([text, z.literal(true), writtenRoute], expects('route'));

export const writtenDependency = strictMap('dependency', {
  service: key(text, {
    description: 'A service of this file.',
    type: 'name',
    isRequired: true,
    example: 'db',
  }),
  condition: key(z.enum(['started', 'healthy'], expects('condition')).optional(), {
    description: 'What it has to be before this one starts.',
    type: '`started` or `healthy`',
    default: SERVICE.condition,
  }),
});

export const writtenStop = strictMap('stop', {
  signal: key(z.enum(STOP_SIGNALS, expects('signal')).optional(), {
    description: 'The signal that asks the program to end.',
    type: 'signal',
    default: SERVICE.stopSignal,
  }),
  grace: key(duration.optional(), {
    description: 'How long it may take over that, before SIGKILL.',
    type: 'duration',
    default: formatDuration(SERVICE.graceMs),
  }),
});

export const writtenLimits = strictMap('limits', {
  memory: key(size.optional(), { description: 'Memory of one instance.', type: 'size', example: '512MB' }),
  cpus: key(z.number(expects('cpus')).min(0.01, expects('cpus')).max(1024, expects('cpus')).optional(), {
    description: 'Cores that one instance may use.',
    type: 'number',
    example: '1.5',
  }),
  tasks: key(wholeNumber('tasks', 1, 1_000_000).optional(), {
    description: 'Processes and threads of one instance.',
    type: 'number',
    example: '100',
  }),
});

export const writtenService = strictMap('service', {
  ...programKeys('the service'),
  port: key(
    z.union([z.literal('auto'), wholeNumber('port', 1, MOST_PORTS), z.null()], expects('port')).optional(),
    {
      description:
        'Where it listens on 127.0.0.1; it is told as `$PORT`. `auto`: Reeve picks ports that stay. A number: the first of the fixed ports, two for every replica (one with `recreate`). Without it, `auto` where there is a route, or a probe over http or tcp.',
      type: '`auto`, number, or null',
      example: '3000',
    },
  ),
  route: key(z.union([routeItem, z.array(routeItem)], expects('route')).optional(), {
    description:
      'Requests that come to it: `host`, `host/path`, or `/path` on `<stack>.localhost`; `true` for all of `<stack>.localhost`.',
    type: 'host and path, true, [route](#route), or a list of them',
    example: 'example.com/api',
  }),
  health: key(z.union([text, writtenHealth, z.null()], expects('health')).optional(), {
    description:
      'How Reeve finds out that an instance is good: a path, or a probe. Without it, `{tcp: true}` where there is a port; else, or with null, running is healthy.',
    type: 'path, [health](#health), or null',
    example: '/up',
  }),
  deploy: key(z.enum(['swap', 'rolling', 'recreate'], expects('strategy')).optional(), {
    description:
      '`swap`: all new instances beside the old ones, then all traffic at once. `rolling`: one replica after the other. `recreate`: the old one ends before the new one starts, and requests wait; for programs that must not run twice.',
    type: '`swap`, `rolling` or `recreate`',
    default: SERVICE.strategy,
  }),
  replicas: key(wholeNumber('replicas', 0, 100).optional(), {
    description: 'Instances that share the work.',
    type: 'number',
    default: SERVICE.replicas,
  }),
  depends_on: key(
    oneOrMany('dependency', z.union([text, writtenDependency], expects('dependency'))).optional(),
    {
      description: 'Services that start before it and stop after it.',
      type: 'name, [dependency](#dependency), or a list of them',
      example: '[db, { service: api, condition: healthy }]',
    },
  ),
  stop: key(writtenStop.optional(), { description: 'How it is ended.', type: '[stop](#stop)' }),
  limits: key(writtenLimits.optional(), {
    description: 'What one instance may use; none unless set.',
    type: '[limits](#limits)',
  }),
  restart: key(z.enum(['always', 'on-failure', 'never'], expects('restart')).optional(), {
    description: 'Whether it is started again when it ends by itself.',
    type: '`always`, `on-failure` or `never`',
    default: SERVICE.restart,
  }),
  drain: key(duration.optional(), {
    description: 'How long requests that the old instances still have may take after the traffic moved.',
    type: 'duration',
    default: formatDuration(SERVICE.drainMs),
  }),
  hold: key(duration.optional(), {
    description: 'With `recreate`: how long requests wait for the new instance before they get a 503.',
    type: 'duration',
    default: formatDuration(SERVICE.holdMs),
  }),
});

export type WrittenService = z.infer<typeof writtenService>;
