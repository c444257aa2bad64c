import type { Change } from '../model/change.ts';
import type { UpstreamTraffic } from '../model/edge.ts';
import type { Finding } from '../model/finding.ts';
import type { InstanceStatus } from '../model/health.ts';
import type { LockRecord } from '../model/lock.ts';
import type { InstanceId, Name } from '../model/names.ts';
import type { DriverCapabilities } from '../ports/driver.ts';
import type { EdgeStatus } from '../ports/edge.ts';

/** All that the doctor can look at. Each answers for the stacks that are examined; nothing in here changes anything. */
export type World = {
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly stacks: () => Promise<readonly StackFacts[]>;
  /** Redacted, oldest first. */
  readonly lastLines: (stack: Name, instance: InstanceId, count: number) => Promise<readonly string[]>;
  /** What a process and its tree listen on; `address` as `127.0.0.1`, `0.0.0.0`, `[::]`. */
  readonly listening: (pid: number) => Promise<readonly Listening[]>;
  /** Every TCP port that anything on this host listens on. */
  readonly takenPorts: () => Promise<readonly number[]>;
  readonly edge: () => Promise<EdgeStatus>;
  /** Counts of the last few minutes, not since the edge started: see recent-traffic.ts. */
  readonly recentTraffic: (stack: Name) => Promise<readonly UpstreamTraffic[]>;
  /** That of the state folder first, then those that somebody put releases or logs on. */
  readonly disks: () => Promise<readonly DiskFacts[]>;
  /** Whether the state folder's filesystem frees old output under a running program. */
  readonly canPunchHoles: () => Promise<boolean>;
  readonly unfinishedChanges: () => Promise<readonly Change[]>;
  readonly locks: () => Promise<readonly LockFacts[]>;
  readonly envFiles: () => Promise<readonly EnvFileFacts[]>;
  readonly host: () => Promise<HostFacts>;
  readonly driver: () => DriverCapabilities;
};

export type Check = (world: World) => Promise<readonly Finding[]>;

export type StackFacts = {
  readonly stack: Name;
  readonly services: readonly ServiceFacts[];
  readonly instances: readonly InstanceStatus[];
};

export type ServiceFacts = {
  readonly name: Name;
  readonly isRouted: boolean;
  readonly hasMemoryLimit: boolean;
  readonly dependsOn: readonly Name[];
};

export type Listening = { readonly address: string; readonly port: number };

export type DiskFacts = {
  readonly path: string;
  readonly freeBytes: number;
  readonly totalBytes: number;
  readonly freeInodes: number;
  /** 0 where the filesystem has no fixed number of them. */
  readonly totalInodes: number;
};

/** `isHolderAlive`: null where no process holds it. */
export type LockFacts = { readonly record: LockRecord; readonly isHolderAlive: boolean | null };

/** `mode`: its permission bits. */
export type EnvFileFacts = { readonly stack: Name; readonly path: string; readonly mode: number };

export type HostFacts = {
  /** As `uname -r` says, for example `6.1.0-18-amd64`. */
  readonly kernel: string;
  /** The agent's soft limit of open files; Infinity for none. */
  readonly openFilesLimit: number;
  readonly memoryTotalBytes: number;
  /** What programs could still get without swapping. */
  readonly memoryAvailableBytes: number;
};
