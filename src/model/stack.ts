// What one stack file says, complete: every default filled in, every duration in
// milliseconds, every size in bytes, every path absolute or relative to the release folder.
import type { Name } from './names.ts';

export type Stack = {
  readonly name: Name;
  readonly source: SourceSpec;
  /** In the order of the file. */
  readonly services: readonly Service[];
  readonly jobs: readonly Job[];
  /** Apply to every service and job of the stack; a service's own come after and win. */
  readonly env: Readonly<Record<string, string>>;
  readonly envFiles: readonly EnvFile[];
  /** Variables that must be set before anything starts. */
  readonly required: readonly RequiredVariable[];
  /** Folders, relative to the release folder, that outlive releases: each is a link into the stack's shared folder. */
  readonly shared: readonly string[];
  /** Folders, relative to the release folder, that the next release starts with a copy of: the build cache. */
  readonly cache: readonly string[];
  readonly retention: Retention;
  readonly bake: Bake;
  /** How long the seat that lost its traffic is kept running, for a rollback by one rename. */
  readonly warmMs: number;
};

export type SourceSpec =
  /** `path` is absolute. `exclude` are .gitignore patterns. */
  | { readonly kind: 'folder'; readonly path: string; readonly exclude: readonly string[] }
  /** `url` as git takes it; `ref` a branch, tag or revision; `subfolder` relative, or ''. */
  | { readonly kind: 'git'; readonly url: string; readonly ref: string; readonly subfolder: string };

/** With `shell`, `argv` is one line for `/bin/sh -c`; without, a program and its arguments. */
export type Command = { readonly argv: readonly string[]; readonly shell: boolean };

export type EnvFile = {
  /** Absolute. */
  readonly path: string;
  readonly optional: boolean;
  /** Names whose values are not secret and may appear in output. Every other value of the file is masked. */
  readonly public: readonly string[];
};

export type RequiredVariable = {
  readonly name: string;
  /** Required only when `variable` has the value `equals` (any non-empty value where `equals` is null). */
  readonly when: { readonly variable: string; readonly equals: string | null } | null;
  /** Where the stack file says so, for the message. */
  readonly line: number;
  readonly column: number;
};

export type Strategy = 'swap' | 'rolling' | 'recreate';

export type Service = {
  readonly name: Name;
  readonly kind: 'process';
  readonly command: Command;
  readonly env: Readonly<Record<string, string>>;
  readonly envFiles: readonly EnvFile[];
  readonly required: readonly RequiredVariable[];
  /** `auto`: Reeve picks stable loopback ports. A number: the first of the fixed ports. null: the service listens nowhere. */
  readonly port: 'auto' | number | null;
  readonly health: Health;
  readonly routes: readonly Route[];
  readonly strategy: Strategy;
  readonly replicas: number;
  readonly dependsOn: readonly Dependency[];
  readonly stop: StopSpec;
  readonly limits: Limits;
  /** A user name of the host; null: the agent's own user. */
  readonly user: string | null;
  /** Relative to the release folder, '' for the folder itself; or absolute. */
  readonly workingFolder: string;
  readonly restart: 'always' | 'on-failure' | 'never';
  /** How long the requests that the old instances still have may take after the cut-over. */
  readonly drainMs: number;
  /** How long the waiting room keeps requests while a `recreate` service is between copies. */
  readonly holdMs: number;
};

export type Dependency = { readonly service: Name; readonly condition: 'started' | 'healthy' };

/** `host` is lower-case, may begin with `*.`; `path` begins with `/`. */
export type Route = { readonly host: string; readonly path: string; readonly stripPath: boolean };

export type StopSpec = { readonly signal: NodeJS.Signals; readonly graceMs: number };

/** null: no limit. */
export type Limits = {
  readonly memoryBytes: number | null;
  readonly cpus: number | null;
  readonly tasks: number | null;
};

export type Health = {
  /** null: running is healthy. */
  readonly probe: Probe | null;
  readonly intervalMs: number;
  /** One probe's own time-out. */
  readonly timeoutMs: number;
  /** Good answers in a row before an instance is healthy. */
  readonly passes: number;
  /** Bad answers in a row before a healthy instance is unhealthy. */
  readonly failures: number;
  /** How long it must then stay healthy before the gate opens. */
  readonly settleMs: number;
  /** How long the gate waits in all; a moving progress report extends it where `progressExtends`. */
  readonly withinMs: number;
  readonly progressExtends: boolean;
};

export type Probe =
  /** Healthy on `expectStatus` (any 2xx where null). A JSON body's `status` of `degraded` or `starting` is taken as that state. */
  | {
      readonly kind: 'http';
      readonly path: string;
      readonly expectStatus: number | null;
      readonly host: string | null;
    }
  | { readonly kind: 'tcp' }
  /** Exit 0 healthy, 1 unhealthy, 75 (EX_TEMPFAIL) degraded; its last line of output is its words. */
  | { readonly kind: 'exec'; readonly command: Command }
  /** Healthy once a line of this start's output matches. */
  | { readonly kind: 'log'; readonly pattern: string };

export type JobPhase = 'build' | 'gate' | 'before' | 'after' | 'manual';

export type Job = {
  readonly name: Name;
  readonly phase: JobPhase;
  readonly command: Command;
  readonly env: Readonly<Record<string, string>>;
  readonly envFiles: readonly EnvFile[];
  readonly required: readonly RequiredVariable[];
  readonly workingFolder: string;
  readonly user: string | null;
  readonly timeoutMs: number;
};

export type Retention = {
  /** Releases kept beside the current one. */
  readonly releases: number;
  /** Per log file: older ranges are copied out compressed, then freed. */
  readonly logBytes: number;
  /** Compressed old ranges kept per log file; the oldest go first. */
  readonly archiveBytes: number;
};

export type Bake = {
  readonly forMs: number;
  /** Share (0 to 1) of 5xx answers at the edge that makes a release bad, once at least `minRequests` were seen. */
  readonly maxErrorShare: number;
  readonly minRequests: number;
};
