// The stack that the stories about crashes deploy: every kind of thing a change handles, and as fast as it can be.

/** Behaves as `mode.txt` of its release says: `good`, `refuses`, `refuses-in-<slot>`, `never-ready`, `turns-bad`. */
export const CRASH_WEB = `
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
const mode = readFileSync('mode.txt', 'utf8').trim();
const slot = process.env.REEVE_INSTANCE.split('-').at(-2);
if (mode === 'refuses' || mode === 'refuses-in-' + slot) process.exit(7);
createServer((request, response) => {
  request.resume();
  const isBad = mode === 'never-ready' || (mode === 'turns-bad' && request.url !== '/up');
  if (isBad) response.statusCode = 500;
  request.on('end', () => response.end('release ' + process.env.REEVE_RELEASE + ' from ' + process.env.REEVE_INSTANCE));
}).listen(Number(process.env.PORT), '127.0.0.1');
`;

/** `web`: further lines of that service. */
export const crashStackFile = (name: string, web: string): string => `name: ${name}
services:
  web:
    run: $REEVE_NODE web.mjs
    route: ${name}.localhost
    health: { http: /up, interval: 200ms, passes: 1, settle: 50ms, within: 20s }
${web}
    drain: 5s
    hold: 20s
  worker:
    run: sh -c 'echo ready; exec sleep 1000'
    health: { log: ready, settle: 50ms }
jobs:
  migrate: { phase: before, run: sh -c 'echo migrated' }
  announce: { phase: after, run: sh -c 'echo announced' }
  report: { phase: manual, run: sh -c 'echo reported' }
bake: 300ms
warm: 10m
retention: { releases: 2 }
`;

/** Files of a stack folder. */
export const crashStack = (name: string, web: string): Readonly<Record<string, string>> => ({
  'reeve.yaml': crashStackFile(name, web),
  'web.mjs': CRASH_WEB,
  'mode.txt': 'good',
});
