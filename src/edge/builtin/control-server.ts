import { chmodSync, rmSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { createServer } from '../../kit/node-http.ts';
import type { EdgeMetrics } from '../../model/edge.ts';
import { type ControlCalls, type ControlStatus, LINE_PATH, type LoadedSite } from './control-api.ts';
import { LATENCY_BOUNDS_MS } from './counts.ts';
import { CONTROL_SOCKET } from './edge-paths.ts';
import type { EdgeCore } from './edge-core.ts';
import { trafficOf } from './open-site.ts';
import type { PublicServer } from './public-server.ts';
import { withSocketPath } from './short-socket-path.ts';

export type ControlOptions = {
  readonly folder: string;
  readonly core: EdgeCore;
  readonly door: PublicServer;
  readonly version: string;
  readonly startedAt: number;
  readonly host: string;
  readonly port: number;
  readonly stop: (deadlineMs: number) => void;
};

/** Serves the agent's calls. The caller is the only edge of the folder, so an older socket is a leftover. */
export const openControlServer = (options: ControlOptions): Promise<Server> => {
  const server = createServer((req, res) => answer(options, req, res));
  const path = join(options.folder, CONTROL_SOCKET);
  rmSync(path, { force: true });
  return new Promise((resolve, reject) => {
    withSocketPath(options.folder, CONTROL_SOCKET, (shortPath, done) => {
      server.once('error', (error) => {
        done();
        reject(error);
      });
      server.listen(shortPath, () => {
        done();
        chmodSync(path, 0o600);
        resolve(server);
      });
    });
  });
};

const answer = (options: ControlOptions, req: IncomingMessage, res: ServerResponse): void => {
  const url = new URL(req.url ?? '/', 'http://edge');
  req.resume();
  if (url.pathname === LINE_PATH) {
    res.writeHead(200, { 'content-type': 'text/plain' });
    res.flushHeaders();
    return;
  }
  const say = (status: number, body: unknown): void => {
    res.writeHead(status, { 'content-type': 'application/json' });
    res.end(JSON.stringify(body));
  };
  const call = CALLS[url.pathname as keyof ControlCalls];
  if (!call) return say(404, { error: 'no such call' });
  Promise.resolve()
    .then(() => call(options, url.searchParams))
    .then((body) => say(200, body))
    .catch((error: unknown) => say(500, { error: error instanceof Error ? error.message : String(error) }));
};

type Answering = {
  readonly [Path in keyof ControlCalls]: (
    options: ControlOptions,
    query: URLSearchParams,
  ) => ControlCalls[Path] | Promise<ControlCalls[Path]>;
};

const CALLS: Answering = {
  '/status': (options) => statusOf(options),
  '/reload': (options) => {
    options.core.book.reload();
    options.core.room.look();
    return statusOf(options);
  },
  '/look': ({ core }, query) => {
    core.book.site(query.get('stack') ?? '')?.refresh();
    core.room.look();
    return { looked: true };
  },
  '/traffic': ({ core }, query) => core.book.traffic(query.get('stack') ?? ''),
  '/metrics': (options) => metricsOf(options),
  '/stop': (options, query) => {
    options.stop(Number(query.get('deadline') ?? 0));
    return { pid: process.pid };
  },
};

const statusOf = ({ core, version, startedAt, host, port }: ControlOptions): ControlStatus => ({
  pid: process.pid,
  version,
  startedAt,
  host,
  port,
  sites: core.book.sites.map((open): LoadedSite => {
    open.refresh();
    return { stack: open.site.stack, version: open.version, site: open.site, generation: open.generation };
  }),
  broken: core.book.broken,
});

const metricsOf = async ({ core, door, startedAt }: ControlOptions): Promise<EdgeMetrics> => {
  const cpu = process.cpuUsage();
  return {
    startedAt,
    connections: await door.connections(),
    upgraded: door.upgraded,
    waiting: core.room.size,
    rssBytes: process.memoryUsage.rss(),
    cpuMs: (cpu.user + cpu.system) / 1000,
    ownAnswers: Object.fromEntries(core.ownAnswers),
    latencyBoundsMs: LATENCY_BOUNDS_MS,
    services: core.book.sites.flatMap((open) =>
      open.targets.map((target) => ({
        stack: target.stack,
        service: target.service,
        waiting: core.room.sizeOf(target.stack, target.service),
        answersByClass: [...target.counts.byClass],
        latency: [...target.counts.latency],
        latencySumMs: target.counts.latencySumMs,
        upstreams: target.slots.flatMap((slot) => [trafficOf(slot.blue), trafficOf(slot.green)]),
      })),
    ),
  };
};
