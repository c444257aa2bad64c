// What `--json` prints, as people may rely on it. Further keys may come; none of these may go.
import { z } from 'zod';

const number = z.number();
const text = z.string();
const names = z.array(text);

const lock = z.object({
  stack: text,
  owner: text,
  task: text,
  reason: text,
  acquiredAt: number,
  holder: z
    .object({ host: text, process: z.object({ bootId: text, pid: number, startTicks: number }).nullable() })
    .nullable(),
  fencing: number,
  takenOverFrom: z.unknown(),
});

const instance = z.object({
  id: text,
  service: text,
  slot: number,
  seat: z.enum(['blue', 'green']),
  release: number,
  activity: text,
  health: text,
  words: text,
  pid: number.nullable(),
  port: number.nullable(),
  startedAt: number.nullable(),
  restarts: number,
  hasTraffic: z.boolean(),
  warmUntil: number.nullable(),
});

const plan = z.object({
  version: z.literal(1),
  kind: text,
  stack: text,
  release: z.object({ to: number.nullable(), from: number.nullable() }),
  sentence: text,
  steps: z.array(z.object({ id: number, kind: text, phase: text, sentence: text, args: z.looseObject({}) })),
  notes: names,
});

const problem = z.object({
  code: text,
  severity: z.enum(['error', 'warning']),
  file: text,
  line: number,
  column: number,
  message: text,
});

const change = z.object({
  id: number,
  stack: text,
  state: text,
  plan,
  by: text,
  openedAt: number,
  closedAt: number.nullable(),
  records: z.array(z.object({ seq: number, step: number, event: text, at: number })),
  outcome: text.nullable(),
});

const report = z.object({
  kind: z.enum(['refusal', 'failure', 'defect']),
  code: text,
  message: text,
  exit: number,
});

const result = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('nothing'), plan, warnings: z.array(problem) }),
  z.object({ outcome: z.enum(['done', 'detached', 'cancelled']), change, warnings: z.array(problem) }),
  z.object({ outcome: z.literal('failed'), change, warnings: z.array(problem), error: report }),
]);

const agent = z.object({
  version: text,
  pid: number,
  startedAt: number,
  home: text,
  socket: text,
  driver: text,
  edge: text,
  stacks: number,
  instances: number,
  rssBytes: number,
});

export const SHAPES = {
  error: z.object({ error: report }),
  init: z.object({ file: text, from: text, notes: names }),
  validate: z.object({
    file: text,
    valid: z.boolean(),
    stack: text,
    services: number,
    jobs: number,
    problems: z.array(problem),
  }),
  plan: z.object({ plan, warnings: z.array(problem) }),
  result,
  results: z.array(result).nonempty(),
  status: z
    .array(
      z.object({
        stack: text,
        file: text,
        release: z.object({ id: number, state: text, revision: text, summary: text, createdAt: number }),
        change: z.unknown(),
        lock,
        services: z
          .array(
            z.object({
              service: text,
              strategy: text,
              health: text,
              isStopped: z.boolean(),
              replicas: number,
              addresses: names,
              instances: z.array(instance).nonempty(),
            }),
          )
          .nonempty(),
      }),
    )
    .nonempty(),
  ps: z.array(instance.extend({ stack: text })).nonempty(),
  logLine: z.object({
    instance: text,
    stream: z.enum(['out', 'err']),
    at: number.nullable(),
    text,
    offset: number,
  }),
  health: z.object({
    stack: text,
    isHealthy: z.boolean(),
    services: z.array(z.object({ service: text, health: text, instances: z.array(z.object({ id: text })) })),
  }),
  releases: z
    .array(
      z.object({
        id: number,
        state: text,
        reason: text.nullable(),
        revision: text,
        summary: text,
        createdAt: number,
        canRollBack: z.boolean(),
        isWarm: z.boolean(),
      }),
    )
    .nonempty(),
  change,
  changes: z.array(change).nonempty(),
  doctor: z.object({
    findings: z.array(
      z.object({ severity: text, code: text, symptom: text, evidence: names, cause: text, fix: text }),
    ),
    checked: names.nonempty(),
  }),
  audit: z
    .array(z.object({ at: number, by: text, what: text, change: number.nullable(), outcome: text }))
    .nonempty(),
  metrics: z.object({ format: z.literal('prometheus'), text: text.regex(/^# HELP reeve_/m) }),
  exec: z.object({ exitCode: number, signal: text.nullable(), stdout: text, stderr: text }),
  lock: lock.extend({ holderLives: z.boolean().nullable() }),
  lockCurrent: z.object({ stack: text, owner: text }),
  lockChange: z.object({ outcome: text, record: lock }),
  edge: z.object({
    name: text,
    isRunning: z.boolean(),
    pid: number,
    address: text,
    version: text,
    startedAt: number,
    sites: z.array(z.object({ stack: text })),
  }),
  edgeRoutes: z
    .array(
      z.object({
        host: text,
        path: text,
        stripPath: z.boolean(),
        stack: text,
        service: text,
        slots: z.array(z.object({ slot: number, blue: number, green: number })),
      }),
    )
    .nonempty(),
  agent,
  agentStart: z.object({ outcome: z.enum(['started', 'already-running']), agent }),
  agentStop: z.object({ outcome: z.enum(['stopped', 'was-not-running']), pid: number.nullable() }),
  version: z.object({ version: text, node: text, agent: z.object({ version: text, pid: number }) }),
  completion: z.object({ shell: text, script: text }),
} as const;
