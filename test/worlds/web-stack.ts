// A small web stack for stories: one program per way of behaving, and the stack file around it.

/** Programs by the way they behave; each reads PORT. */
export const PROGRAMS = {
  good: `
    import { createServer } from 'node:http';
    createServer((request, response) => {
      request.resume();
      request.on('end', () => response.end('release ' + process.env.REEVE_RELEASE));
    }).listen(Number(process.env.PORT), '127.0.0.1', () => console.log('good: listening'));
  `,
  neverReady: `
    console.log('never-ready: thinking');
    setInterval(() => {}, 1000);
  `,
  wrongPort: `
    import { createServer } from 'node:http';
    createServer((request, response) => response.end()).listen(0, '127.0.0.1', function () {
      console.log('wrong-port: listening on ' + this.address().port);
    });
  `,
  degradedForEver: `
    import { createServer } from 'node:http';
    createServer((request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ status: 'degraded', message: 'loading weights 412/1,100 MB' }));
    }).listen(Number(process.env.PORT), '127.0.0.1');
  `,
  exitsAtOnce: `
    for (let line = 1; line <= 30; line += 1) console.error('exits-at-once: line ' + line);
    process.exitCode = 7;
  `,
  readyThenDies: `
    import { createServer } from 'node:http';
    let answers = 0;
    createServer((request, response) => {
      response.end('fine');
      answers += 1;
      if (answers >= 2) setTimeout(() => { console.error('ready-then-dies: out of luck'); process.exit(9); }, 50);
    }).listen(Number(process.env.PORT), '127.0.0.1');
  `,
  diesLater: `
    import { createServer } from 'node:http';
    createServer((request, response) => response.end('release ' + process.env.REEVE_RELEASE))
      .listen(Number(process.env.PORT), '127.0.0.1');
    setTimeout(() => { console.error('dies-later: now'); process.exit(3); }, 3000);
  `,
} as const;

export type WebStackOptions = {
  readonly name: string;
  readonly strategy?: 'swap' | 'rolling' | 'recreate';
  readonly replicas?: number;
  readonly within?: string;
  readonly bake?: string;
  readonly warm?: string;
  /** Further lines of YAML at the top level. */
  readonly more?: string;
};

/** A stack with one service, `web`, that runs `web.mjs` and is routed at `<name>.localhost`. */
export const webStackFile = (options: WebStackOptions): string => `name: ${options.name}
services:
  web:
    run: $REEVE_NODE web.mjs
    route: ${options.name}.localhost
    health: { http: /up, interval: 500ms, settle: 300ms, within: ${options.within ?? '10s'} }
    deploy: ${options.strategy ?? 'swap'}
    replicas: ${options.replicas ?? 1}
    stop: { grace: 3s }
    drain: 5s
    hold: 15s
bake: ${options.bake ?? '0s'}
warm: ${options.warm ?? '0s'}
${options.more ?? ''}`;
