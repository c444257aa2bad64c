// The builtin edge as the agent sees it: files it writes, and a process that it keeps up and talks to. It promises what
// ports/edge.ts says, and must never know why a site or a flag changes.
import { setTimeout as sleep } from 'node:timers/promises';
import type { EdgeAnswer, EdgeMetrics, EdgeSite, Flags, UpstreamTraffic } from '../../model/edge.ts';
import { Failure, isReported, Refusal } from '../../model/error.ts';
import { edgeFolder, type Layout } from '../../model/layout.ts';
import type { Name, Seat } from '../../model/names.ts';
import type { Edge, EdgeCapabilities, EdgeStatus } from '../../ports/edge.ts';
import { readFlags, removeFlags, writeFlags } from '../flags/flag-files.ts';
import { askDoor } from './ask-door.ts';
import { callControl } from './control-client.ts';
import type { EdgeLimits } from './edge-core.ts';
import { flagsFolder } from './edge-paths.ts';
import { EdgeProcess } from './edge-process.ts';
import { ASK_FOR_HEADER, ROUTE_HEADER, SERVED_BY_HEADER } from './forward-headers.ts';
import { parseSite, printSite, sharedRoute, siteVersion } from './site-file.ts';
import { noTraffic, readSites, readSiteText, writeSiteText } from './sites-on-disk.ts';

export type BuiltinEdgeOptions = {
  readonly layout: Layout;
  readonly listen: { readonly host: string; readonly port: number };
  /** The Node that runs the edge's process; the agent's own unless set. */
  readonly node?: string;
  /** Addresses of proxies in front whose `X-Forwarded-*` is believed; none unless set. */
  readonly trusted?: readonly string[];
  readonly limits?: Partial<EdgeLimits>;
  /** Told in one line when the edge died, and when it could not be started again. */
  readonly noticed?: (words: string) => void;
};

/** Opens no connection and starts nothing: `ensureRunning` does. */
export const openBuiltinEdge = (options: BuiltinEdgeOptions): BuiltinEdge => new BuiltinEdge(options);

const ASK_MS = 30_000;
const NOTICE_MS = 2000;
/** How long one that died may take to be followed. */
const FOLLOWED_MS = 5000;
const LOOK_MS = 20;

export class BuiltinEdge implements Edge {
  readonly capabilities: EdgeCapabilities = { name: 'builtin', canHold: true, websockets: true, tls: false };
  readonly #folder: string;
  readonly #listen: { readonly host: string; readonly port: number };
  readonly #process: EdgeProcess;

  constructor({
    layout,
    listen,
    node,
    trusted = [],
    limits = {},
    noticed = () => undefined,
  }: BuiltinEdgeOptions) {
    this.#folder = edgeFolder(layout);
    this.#listen = listen;
    this.#process = new EdgeProcess({
      folder: this.#folder,
      ...listen,
      node: node ?? process.execPath,
      trusted,
      limits,
      noticed,
    });
  }

  ensureRunning(): Promise<void> {
    return this.#process.ensureRunning();
  }

  async configure(stack: Name, site: EdgeSite | null): Promise<void> {
    const before = readSiteText(this.#folder, stack);
    const text = site === null ? null : printSite(site);
    if (text !== null) this.#judge(stack, text);
    // Without its process there is nothing to prove a removal to.
    const isServing = site !== null || this.#process.record !== null;
    if (isServing) await this.#process.ensureRunning();
    try {
      writeSiteText(this.#folder, stack, text);
      if (isServing) await this.#proveByOneThatLives(() => this.#prove(stack, site, text));
    } catch (error) {
      await this.#putBack(stack, before);
      throw isReported(error) && error.report.code === 'edge.refused' ? error : refused(stack, error);
    }
  }

  async site(stack: Name): Promise<EdgeSite | null> {
    const text = readSiteText(this.#folder, stack);
    return text === null ? null : parseSite(text, stack).site;
  }

  async flags(stack: Name): Promise<Flags> {
    return readFlags(flagsFolder(this.#folder, stack));
  }

  async switch(stack: Name, flags: Flags): Promise<void> {
    writeFlags(flagsFolder(this.#folder, stack), flags);
    await this.#notice(stack);
  }

  async forget(stack: Name): Promise<void> {
    removeFlags(flagsFolder(this.#folder, stack));
    await this.#notice(stack);
  }

  async ask(host: string, path: string, signal?: AbortSignal): Promise<EdgeAnswer> {
    const { status, headers } = await askDoor(
      this.#folder,
      { host, path },
      signal ?? AbortSignal.timeout(ASK_MS),
    );
    const header = headers[SERVED_BY_HEADER.toLowerCase()];
    const match = typeof header === 'string' ? /^(.+)\.(\d+)\.(blue|green)$/.exec(header) : null;
    return {
      status,
      servedBy: match && { service: match[1]!, slot: Number(match[2]), seat: match[3] as Seat },
    };
  }

  async traffic(stack: Name): Promise<readonly UpstreamTraffic[]> {
    // Where no process lives, nothing is in flight.
    if (this.#process.record === null) return noTraffic(await this.site(stack));
    return callControl(this.#folder, '/traffic', { query: { stack } });
  }

  /** What the edge counted since it started; null where it does not run. */
  async metrics(): Promise<EdgeMetrics | null> {
    return this.#process.record === null ? null : callControl(this.#folder, '/metrics');
  }

  async status(): Promise<EdgeStatus> {
    const record = this.#process.record;
    const running = record && (await callControl(this.#folder, '/status').catch(() => null));
    return {
      name: this.capabilities.name,
      isRunning: running !== null,
      pid: record?.process?.pid ?? null,
      address: `http://${record?.host ?? this.#listen.host}:${record?.port ?? this.#listen.port}`,
      version: record?.version ?? '',
      startedAt: record?.startedAt ?? null,
      sites: running ? running.sites.map((loaded) => loaded.site) : readSites(this.#folder),
    };
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }

  close(): Promise<void> {
    return this.#process.close();
  }

  // Everything that can be known before anything is written.
  #judge(stack: Name, text: string): void {
    const { site, why } = parseSite(text, stack);
    if (site === null)
      throw new Refusal('edge.invalid-site', `Cannot configure the edge for "${stack}": ${why}`);
    const rival = readSites(this.#folder).find(
      (other) => other.stack !== stack && sharedRoute(site, other) !== null,
    );
    if (rival) {
      throw new Refusal(
        'edge.route-taken',
        `Cannot configure the edge for "${stack}": stack "${rival.stack}" has the route "${sharedRoute(site, rival)}", a host and path that no other stack has is required`,
        {
          fix: `change services.*.route in one of the two, or take the other down: reeve down --stack ${rival.stack}`,
        },
      );
    }
  }

  // Where the process dies meanwhile, the one that follows reads the same files and can say the same.
  async #proveByOneThatLives(prove: () => Promise<void>): Promise<void> {
    const until = performance.now() + FOLLOWED_MS;
    for (;;) {
      try {
        return await prove();
      } catch (error) {
        const isMissed = isReported(error) && error.report.code === 'edge.not-reached';
        if (!isMissed || performance.now() > until) throw error;
      }
      await sleep(LOOK_MS);
      await this.#process.ensureRunning();
    }
  }

  // That the process has loaded these bytes, and that its public door knows every route of them.
  async #prove(stack: Name, site: EdgeSite | null, text: string | null): Promise<void> {
    const status = await callControl(this.#folder, '/reload');
    const loaded = status.sites.find((each) => each.stack === stack);
    const why = status.broken.find((each) => each.file === `${stack}.json`)?.why;
    if (why !== undefined) throw refused(stack, new Error(why));
    if ((loaded?.version ?? null) !== (text === null ? null : siteVersion(text))) {
      throw refused(stack, new Error('another version of the site is loaded'));
    }
    for (const service of site?.services ?? []) {
      for (const route of service.routes) {
        const host = route.host.replace(/^\*/, 'reeve-asks');
        const asked = { host, path: route.path, headers: { [ASK_FOR_HEADER]: 'route' } };
        const { headers } = await askDoor(this.#folder, asked, AbortSignal.timeout(ASK_MS));
        const answer = headers[ROUTE_HEADER.toLowerCase()];
        if (answer === `${stack}/${service.service}`) continue;
        throw refused(
          stack,
          new Error(`its door says ${String(answer ?? 'nothing')} for ${host}${route.path}`),
        );
      }
    }
  }

  async #putBack(stack: Name, before: string | null): Promise<void> {
    writeSiteText(this.#folder, stack, before);
    // The first failure is the one to tell about.
    await callControl(this.#folder, '/reload').catch(() => undefined);
  }

  // The edge reads flags with every request; this only makes it close idle connections and look at the waiting at once.
  async #notice(stack: Name): Promise<void> {
    await callControl(this.#folder, '/look', { query: { stack }, timeoutMs: NOTICE_MS }).catch(
      () => undefined,
    );
  }
}

const refused = (stack: Name, cause: unknown): Failure =>
  new Failure(
    'edge.refused',
    `Cannot configure the edge for "${stack}": ${cause instanceof Error ? cause.message : String(cause)}, the site has to answer at the edge`,
    { why: 'the site before is in force again', cause, retryable: true },
  );
