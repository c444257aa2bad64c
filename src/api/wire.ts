// The contract between client and agent: calls, what goes in and what comes out. No behaviour.
// HTTP/1.1 over the agent's unix socket, JSON bodies; streams are one JSON value a line (application/x-ndjson).
// An error is an ErrorReport with status 400 (refusal), 404 (unknown), 409 (conflict), 502 (failure) or 500 (defect).
import type { Change, ChangeState } from '../model/change.ts';
import type { ErrorReport } from '../model/error.ts';
import type { ReeveEvent } from '../model/event.ts';
import type { Finding } from '../model/finding.ts';
import type { HealthState, InstanceStatus } from '../model/health.ts';
import type { LockRecord } from '../model/lock.ts';
import type { Name } from '../model/names.ts';
import type { Plan } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { ReleaseState } from '../model/release.ts';
import type { Command, Strategy } from '../model/stack.ts';
import type { EdgeStatus } from '../ports/edge.ts';
import type { LogLine, LogQuery } from '../ports/log-book.ts';
import type { AuditEntry, Rebuilt } from '../ports/store.ts';

/** `read`: anyone who reaches the socket. `change`: goes to the audit log. */
export type Access = 'read' | 'change';

export type Call = {
  readonly method: 'GET' | 'POST';
  /** `:name` parts are filled from `params`. */
  readonly path: string;
  readonly access: Access;
  readonly answers: 'json' | 'lines' | 'text';
};

export const CALLS = {
  agentStatus: { method: 'GET', path: '/v1/agent', access: 'read', answers: 'json' },
  stopAgent: { method: 'POST', path: '/v1/agent/stop', access: 'change', answers: 'json' },
  plan: { method: 'POST', path: '/v1/plan', access: 'read', answers: 'json' },
  change: { method: 'POST', path: '/v1/changes', access: 'change', answers: 'json' },
  listChanges: { method: 'GET', path: '/v1/changes', access: 'read', answers: 'json' },
  showChange: { method: 'GET', path: '/v1/changes/:id', access: 'read', answers: 'json' },
  followChange: { method: 'GET', path: '/v1/changes/:id/follow', access: 'read', answers: 'lines' },
  cancelChange: { method: 'POST', path: '/v1/changes/:id/cancel', access: 'change', answers: 'json' },
  listStacks: { method: 'GET', path: '/v1/stacks', access: 'read', answers: 'json' },
  stackStatus: { method: 'GET', path: '/v1/stacks/:stack', access: 'read', answers: 'json' },
  releases: { method: 'GET', path: '/v1/stacks/:stack/releases', access: 'read', answers: 'json' },
  logs: { method: 'GET', path: '/v1/stacks/:stack/logs', access: 'read', answers: 'lines' },
  execContext: { method: 'POST', path: '/v1/stacks/:stack/exec', access: 'change', answers: 'json' },
  readLock: { method: 'GET', path: '/v1/stacks/:stack/lock', access: 'read', answers: 'json' },
  edgeStatus: { method: 'GET', path: '/v1/edge', access: 'read', answers: 'json' },
  doctor: { method: 'GET', path: '/v1/doctor', access: 'read', answers: 'json' },
  audit: { method: 'GET', path: '/v1/audit', access: 'read', answers: 'json' },
  events: { method: 'GET', path: '/v1/events', access: 'read', answers: 'lines' },
  metrics: { method: 'GET', path: '/metrics', access: 'read', answers: 'text' },
} as const satisfies Record<string, Call>;

export type CallName = keyof typeof CALLS;

/** What a person wants done with a stack. The stack file's text travels along: the agent may be on another host. */
export type Wish = WishedFor & {
  /** How long to wait for the lock, or for a change that runs, before giving up. */
  readonly waitMs?: number;
};

export type WishedFor =
  | {
      readonly want: 'deploy';
      readonly file: StackFileText;
      /** Another git ref than the file's. */
      readonly ref?: string;
      /** A new release though nothing changed. */
      readonly force?: boolean;
    }
  | { readonly want: 'rollback'; readonly stack: Name; readonly release: number | null }
  | { readonly want: 'scale'; readonly stack: Name; readonly service: Name; readonly replicas: number }
  | { readonly want: 'restart' | 'start' | 'stop'; readonly stack: Name; readonly services: readonly Name[] }
  | { readonly want: 'down'; readonly stack: Name; readonly purge: boolean }
  | { readonly want: 'job'; readonly stack: Name; readonly job: Name };

export type StackFileText = {
  /** Absolute path, for messages and for relative paths in it. */
  readonly path: string;
  readonly text: string;
};

export type ChangeAnswer =
  /** There is nothing to do. */
  | { readonly outcome: 'nothing'; readonly plan: Plan; readonly warnings: readonly Problem[] }
  /** Accepted: follow it. `queued` behind the change named. */
  | {
      readonly outcome: 'started' | 'queued';
      readonly change: Change;
      readonly behind: number | null;
      readonly warnings: readonly Problem[];
    };

export type AgentStatus = {
  readonly version: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly home: string;
  readonly socket: string;
  readonly driver: string;
  readonly edge: string;
  readonly stacks: number;
  readonly instances: number;
  readonly rssBytes: number;
  /** Where the state database was lost: what this agent put together anew when it came. */
  readonly rebuilt?: Rebuilt;
};

/** `reeve status` and `reeve ps` of one stack. */
export type StackStatus = {
  readonly stack: Name;
  readonly file: string;
  /** It was taken down: nothing of it runs, and its releases are kept. */
  readonly isDown: boolean;
  readonly release: {
    readonly id: number;
    readonly state: ReleaseState;
    readonly revision: string;
    readonly summary: string;
    readonly createdAt: number;
  } | null;
  readonly change: { readonly id: number; readonly state: ChangeState; readonly sentence: string } | null;
  readonly lock: LockRecord;
  readonly services: readonly ServiceStatus[];
};

export type ServiceStatus = {
  readonly service: Name;
  readonly strategy: Strategy;
  /** The worst state of those of its instances that are at work; `unknown` where stopped. */
  readonly health: HealthState;
  readonly isStopped: boolean;
  readonly replicas: number;
  /** As people reach it: `http://web.localhost:7080/`. */
  readonly addresses: readonly string[];
  readonly instances: readonly (InstanceStatus & {
    /** It gets requests; of a service without routes: it is at work, and no copy that is still being proved. */
    readonly hasTraffic: boolean;
    readonly warmUntil: number | null;
  })[];
};

export type ReleaseLine = {
  readonly id: number;
  readonly state: ReleaseState;
  readonly reason: string | null;
  readonly revision: string;
  readonly summary: string;
  readonly createdAt: number;
  readonly canRollBack: boolean;
  readonly isWarm: boolean;
};

/** All of a change so far, then its events until it is closed. */
export type FollowLine = { readonly change: Change } | ReeveEvent;

export type ExecContext = {
  readonly argv: readonly string[];
  readonly workingFolder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string | null;
};

export type ExecRequest = { readonly service: Name; readonly command: Command };

export type DoctorAnswer = { readonly findings: readonly Finding[]; readonly checked: readonly string[] };

export type LogsQuery = LogQuery & { readonly service: Name | null; readonly instance: string | null };

/** Parameters, query, body and answer of each call. */
export type CallTypes = {
  agentStatus: { answer: AgentStatus };
  stopAgent: { answer: { readonly pid: number } };
  plan: { body: Wish; answer: { readonly plan: Plan; readonly warnings: readonly Problem[] } };
  change: { body: Wish; answer: ChangeAnswer };
  listChanges: { query: { readonly stack?: Name; readonly limit?: number }; answer: readonly Change[] };
  showChange: { params: { readonly id: number }; answer: Change };
  followChange: { params: { readonly id: number }; answer: FollowLine };
  cancelChange: { params: { readonly id: number }; answer: Change };
  listStacks: { answer: readonly StackStatus[] };
  stackStatus: { params: { readonly stack: Name }; answer: StackStatus };
  /** The newest first, `limit` of them or all. */
  releases: {
    params: { readonly stack: Name };
    query: { readonly limit?: number };
    answer: readonly ReleaseLine[];
  };
  logs: { params: { readonly stack: Name }; query: Partial<LogsQuery>; answer: LogLine };
  execContext: { params: { readonly stack: Name }; body: ExecRequest; answer: ExecContext };
  readLock: { params: { readonly stack: Name }; answer: LockRecord };
  edgeStatus: { answer: EdgeStatus };
  doctor: { query: { readonly stack?: Name }; answer: DoctorAnswer };
  audit: { query: { readonly limit?: number }; answer: readonly AuditEntry[] };
  events: { query: { readonly stack?: Name }; answer: ReeveEvent };
  metrics: { answer: string };
};

export type { ErrorReport, Finding };
