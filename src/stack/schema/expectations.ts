// What each kind of value has to be, in the words of a message. A schema names its expectation in its error text, and
// shape-problems.ts reads it back: zod finds what is wrong, this says it.

type Fix = (value: unknown, source: string | null) => string | undefined;

export type Expectation = {
  /** Completes "…, <required> is required". */
  readonly required: string;
  /** What may stand there, in more detail. */
  readonly expected?: string;
  /** Of the value as it is written in the file. */
  readonly fix?: Fix;
};

const inQuotes: Fix = (value, source) =>
  typeof value === 'number' || typeof value === 'boolean'
    ? `put it in quotes: "${source ?? value}"`
    : undefined;

const withoutQuotes: Fix = (value) =>
  typeof value === 'string' && /^[0-9.]+$/.test(value) ? `write ${value} without quotes` : undefined;

const withUnit =
  (units: readonly string[]): Fix =>
  (value, source) => {
    const number = /^[0-9]+(\.[0-9]+)?$/.exec(typeof value === 'string' ? value : String(source))?.[0];
    if (number === undefined) return undefined;
    const likely = number.includes('.') ? units.slice(0, 1) : units;
    return `write ${likely.map((unit) => `${number}${unit}`).join(' or ')}`;
  };

export const EXPECTATIONS = {
  stack: { required: 'a map', expected: 'keys such as name, services and jobs' },
  services: { required: 'a map from name to service', expected: 'services: {web: {run: node server.js}}' },
  service: { required: 'a map', expected: 'at least run: the command that starts the program' },
  jobs: { required: 'a map from name to job', expected: 'jobs: {build: {run: npm ci}}' },
  job: { required: 'a map', expected: 'at least run: the command of the job' },
  text: { required: 'text', fix: inQuotes },
  texts: { required: 'text, or a list of it' },
  name: { required: 'a name', expected: 'lower-case letters, digits and dashes', fix: inQuotes },
  truth: {
    required: 'true or false',
    fix: (value) =>
      typeof value !== 'string' || !/^(yes|no|on|off|true|false)$/i.test(value)
        ? undefined
        : `write ${/^(yes|on|true)$/i.test(value)}`,
  },
  isTrue: { required: 'true' },
  command: { required: 'a command', expected: 'one line, or a list of a program and its arguments' },
  argument: { required: 'text', expected: 'one argument of the command' },
  env: { required: 'a map from variable to value', expected: 'env: {LOG_LEVEL: info}' },
  envValue: {
    required: 'text, a number or a truth value',
    fix: (value) => (value === null ? 'write "" for an empty value, or remove the line' : undefined),
  },
  envFile: {
    required: 'a path or a map',
    expected: '.env, or {file: .env, optional: true, public: [NODE_ENV]}',
  },
  requiredVariable: {
    required: 'a variable or a map',
    expected: 'TOKEN, or {name: TOKEN, when: {LOGIN: "true"}}',
  },
  when: { required: 'a variable or a map', expected: 'LOGIN for any value, or {LOGIN: "true"} for that one' },
  duration: {
    required: 'a duration with its unit',
    expected: '500ms, 10s, 5m, 1h or 2d',
    fix: withUnit(['s', 'ms']),
  },
  size: { required: 'a size with its unit', expected: '512MB or 1GiB', fix: withUnit(['MB']) },
  percent: { required: 'a share from 0% to 100%', expected: '5%', fix: withUnit(['%']) },
  port: {
    required: 'a port',
    expected: 'auto, a number from 1 to 65535, or null for none',
    fix: withoutQuotes,
  },
  route: {
    required: 'a route',
    expected: 'a host, host/path or /path; true; {host, path, strip_path}; or a list of these',
  },
  health: {
    required: 'a probe',
    expected: 'a path such as /up; {http, tcp, exec or log: …}; or null for none',
  },
  status: { required: 'an HTTP status from 100 to 599', fix: withoutQuotes },
  replicas: { required: 'a whole number from 0 to 100', fix: withoutQuotes },
  count: { required: 'a whole number from 1 to 1000', fix: withoutQuotes },
  releases: { required: 'a whole number from 0 to 1000', fix: withoutQuotes },
  requests: { required: 'a whole number from 1 to 1000000', fix: withoutQuotes },
  tasks: { required: 'a whole number from 1 to 1000000', fix: withoutQuotes },
  cpus: { required: 'a number of cores from 0.01 to 1024', fix: withoutQuotes },
  strategy: { required: 'swap, rolling or recreate' },
  restart: { required: 'always, on-failure or never' },
  condition: { required: 'started or healthy' },
  phase: { required: 'build, gate, before, after or manual' },
  signal: {
    required: 'a signal',
    expected: 'SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGABRT or SIGKILL',
    fix: (value) =>
      typeof value === 'string' && /^[a-z0-9]{3,5}$/i.test(value)
        ? `write SIG${value.toUpperCase()}`
        : undefined,
  },
  dependency: { required: 'a service or a map', expected: 'db, or {service: db, condition: healthy}' },
  stop: { required: 'a map', expected: '{signal: SIGTERM, grace: 10s}' },
  limits: { required: 'a map', expected: '{memory: 512MB, cpus: 1.5, tasks: 100}' },
  source: { required: 'a folder or a map', expected: 'a path; {folder, exclude}; or {git, ref, subfolder}' },
  retention: { required: 'a map', expected: '{releases: 5, logs: 64MB, log_archives: 256MB}' },
  bake: {
    required: 'a duration or a map',
    expected: '10s, or {for: 10s, max_errors: 5%, min_requests: 20}',
    fix: withUnit(['s']),
  },
} as const satisfies Record<string, Expectation>;

export type ExpectationName = keyof typeof EXPECTATIONS;

/** The `error` option of a schema that expects this. */
export const expects = (name: ExpectationName): { readonly error: string } => ({ error: `expects ${name}` });

export type Note = { readonly expects: ExpectationName } | { readonly keys: readonly string[] };

export const keysNote = (keys: readonly string[]): string => `keys ${keys.join(' ')}`;

/** What a schema's error text says. */
export const readNote = (message: string): Note => {
  const [word, ...rest] = message.split(' ');
  if (word === 'keys') return { keys: rest };
  const name = rest[0] as ExpectationName;
  return { expects: name in EXPECTATIONS ? name : 'text' };
};
