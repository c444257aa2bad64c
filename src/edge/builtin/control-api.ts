// What the agent's side and the edge's process say to each other, as HTTP and JSON over a unix socket that is the user's own.
import type { EdgeMetrics, EdgeSite, UpstreamTraffic } from '../../model/edge.ts';
import type { Name } from '../../model/names.ts';
import type { BrokenSite } from './site-book.ts';

export type ControlStatus = {
  readonly pid: number;
  readonly version: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly host: string;
  readonly port: number;
  readonly sites: readonly LoadedSite[];
  readonly broken: readonly BrokenSite[];
};

export type LoadedSite = {
  readonly stack: Name;
  /** Of the file's text. */
  readonly version: string;
  readonly site: EdgeSite;
  /** The generation of flags in force. */
  readonly generation: string | null;
};

export type ControlCalls = {
  '/status': ControlStatus;
  /** Reads the site files anew. */
  '/reload': ControlStatus;
  /** The flags of a stack changed: idle connections to seats without traffic end, the waiting room looks. */
  '/look': { readonly looked: true };
  '/traffic': readonly UpstreamTraffic[];
  '/metrics': EdgeMetrics;
  /** Begins to stop; the process ends by itself. */
  '/stop': { readonly pid: number };
};

/** Answered at once, and then open for as long as the edge lives: how the agent hears of its end. */
export const LINE_PATH = '/line';
