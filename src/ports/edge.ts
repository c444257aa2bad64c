import type { EdgeAnswer, EdgeSite, Flags, UpstreamTraffic } from '../model/edge.ts';
import type { Name } from '../model/names.ts';

export type EdgeCapabilities = {
  readonly name: string;
  /** Holds requests of every method while nothing serves. */
  readonly canHold: boolean;
  readonly websockets: boolean;
  readonly tls: boolean;
};

export type EdgeStatus = {
  readonly name: string;
  readonly isRunning: boolean;
  readonly pid: number | null;
  /** As people reach it, for example `http://127.0.0.1:7080`. */
  readonly address: string;
  readonly version: string;
  readonly startedAt: number | null;
  readonly sites: readonly EdgeSite[];
};

/** The reverse proxy. It serves without the agent: sites and flags are files that it reads by itself. */
export interface Edge {
  readonly capabilities: EdgeCapabilities;

  /** Starts the edge where it does not run. Idempotent. Failure `edge.not-started` with its last log lines. */
  ensureRunning(): Promise<void>;

  /**
   * Writes a stack's site, validates, applies, and proves it through the public door; on any failure
   * the site before is back and the Failure (`edge.refused`) says why. Null removes the site.
   * Open requests and WebSockets of every site live on.
   */
  configure(stack: Name, site: EdgeSite | null): Promise<void>;
  site(stack: Name): Promise<EdgeSite | null>;

  /** The current generation; NO_FLAGS where there is none. */
  flags(stack: Name): Promise<Flags>;
  /** Writes the next generation aside and renames the link: all routes of the stack move in one step. Idempotent. */
  switch(stack: Name, flags: Flags): Promise<void>;
  /** Removes a stack's flags. */
  forget(stack: Name): Promise<void>;

  /** Sends a request through the public door and tells who answered. */
  ask(host: string, path: string, signal?: AbortSignal): Promise<EdgeAnswer>;

  /** Per upstream port of the stack. Requests that were chosen for a seat before a `switch` resolved are counted in `inFlight`. */
  traffic(stack: Name): Promise<readonly UpstreamTraffic[]>;

  status(): Promise<EdgeStatus>;

  /** Ends the edge's process gracefully: for the last stack's `down`. */
  stop(): Promise<void>;
  /** Ends the watching, not the edge. */
  close(): Promise<void>;
}
