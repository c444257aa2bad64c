// Reverse proxies in front of one upstream: the builtin edge, Caddy, nginx; and nginx as that upstream.
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, openEdgeStand, STAND_HOST } from '../../test/worlds/edge-stand.ts';
import { isThere } from '../harness/processes.ts';
import type { Workshop } from '../harness/workshop.ts';

export type EdgeStand = {
  readonly port: number;
  /** Its main process; it may have others below it. */
  readonly pid: number;
  readonly close: () => Promise<void>;
};

export type EdgeKind = {
  readonly name: string;
  readonly missing: () => string | null;
  readonly open: (workshop: Workshop, upstreamPort: number) => Promise<EdgeStand>;
};

export const EDGE_HOST = STAND_HOST;

const NGINX = '/usr/sbin/nginx';
const CADDY = '/usr/bin/caddy';

const isInstalled = (path: string) => (): string | null =>
  existsSync(path) ? null : `${path} is not installed: sh scripts/setup --bench`;

export const upstreamMissing = isInstalled(NGINX);

const reeve: EdgeKind = {
  name: 'reeve',
  missing: () => null,
  open: async (_workshop, upstreamPort) => {
    const stand = await openEdgeStand();
    await stand.configure([{ slots: [{ slot: 1, blue: upstreamPort, green: await freePort() }] }]);
    const { pid } = await stand.edge.status();
    return { port: stand.port, pid: pid!, close: stand.close };
  },
};

const caddy: EdgeKind = {
  name: 'caddy',
  missing: isInstalled(CADDY),
  open: async (workshop, upstreamPort) => {
    const port = await freePort();
    const file = workshop.write(
      'Caddyfile',
      `{
  admin off
  auto_https off
}
http://:${port} {
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:${upstreamPort}
}
`,
    );
    const env = { XDG_DATA_HOME: workshop.folder, XDG_CONFIG_HOME: workshop.folder };
    const pid = workshop.launch([CADDY, 'run', '--adapter', 'caddyfile', '--config', file], env);
    return await opened(port, pid);
  },
};

const nginx: EdgeKind = {
  name: 'nginx',
  missing: isInstalled(NGINX),
  open: (workshop, upstreamPort) =>
    openNginx(
      workshop,
      'proxy',
      (port) => `
  upstream app { server 127.0.0.1:${upstreamPort}; keepalive 64; }
  server {
    listen 127.0.0.1:${port} backlog=1024;
    location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; }
  }`,
    ),
};

export const EDGES: readonly EdgeKind[] = [reeve, caddy, nginx];

/** Answers with files of the workshop's folder `www`. */
export const openUpstream = (workshop: Workshop): Promise<EdgeStand> =>
  openNginx(
    workshop,
    'upstream',
    (port) => `
  server { listen 127.0.0.1:${port} backlog=1024; root ${workshop.folder}/www; sendfile on; }`,
  );

// As Debian has it: a worker for every core. Without access logs, which the other two do not write either.
const openNginx = async (
  workshop: Workshop,
  name: string,
  servers: (port: number) => string,
): Promise<EdgeStand> => {
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${workshop.folder}/${name}-${kind};`)
    .join(' ');
  const file = workshop.write(
    `${name}.conf`,
    `daemon off; user root; worker_processes auto; pid ${workshop.folder}/${name}.pid; error_log ${workshop.folder}/${name}.log;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000; ${temporary}${servers(port)}
}
`,
  );
  return await opened(port, workshop.launch([NGINX, '-c', file]));
};

const opened = async (port: number, pid: number): Promise<EdgeStand> => {
  while (!(await isOpen(port))) {
    if (!isThere(pid)) throw new Error(`process ${pid} ended before it listened on ${port}`);
    await sleep(20);
  }
  return {
    port,
    pid,
    close: async () => {
      process.kill(pid, 'SIGTERM');
      while (isThere(pid)) await sleep(20);
    },
  };
};

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
