import type { ProbeAnswer } from '../model/health.ts';
import type { Probe } from '../model/stack.ts';

export type ProbeTarget = {
  readonly probe: Probe;
  /** Loopback port of the instance; http and tcp need one. */
  readonly port: number | null;
  readonly timeoutMs: number;
  /** For `exec`: where, as whom and with what it runs. */
  readonly workingFolder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string | null;
  /** For `log`: the instance's output and where its present start begins in it. */
  readonly outputs: readonly { readonly path: string; readonly from: number }[];
};

export interface Prober {
  /** Never throws: no answer is an answer (`starting` is left to supervision; this says `unhealthy`). */
  probe(target: ProbeTarget, signal?: AbortSignal): Promise<ProbeAnswer>;
}
