// Instances that number the lines they write and know how many they were: what is lost or doubled shows.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { InstanceStatus } from '../../src/model/health.ts';
import { instanceLogPath, type Layout } from '../../src/model/layout.ts';
import { targetCommand, targetEnv } from './proof-load.ts';
import type { Stage } from './stage.ts';

// 160 lines a second, each a write of its own. Whoever asks for /enough is told how many there were, and no more come.
const NUMBERED = `
import { writeSync } from 'node:fs';
import { createServer } from 'node:http';
let lines = 0;
const writing = setInterval(() => {
  for (let more = 4; more > 0; more -= 1) writeSync(1, 'line ' + (lines += 1) + '\\n');
}, 25);
createServer((request, response) => {
  if (request.url === '/enough') clearInterval(writing);
  response.end(String(lines));
}).listen(Number(process.env.PORT), '127.0.0.1');
`;

/** One routed service, `web`, that any load can be sent to, and as many copies of `numbered` as wanted. */
export const numberedStack = (name: string, copies: number): Readonly<Record<string, string>> => ({
  'numbered.mjs': NUMBERED,
  'reeve.yaml': `name: ${name}
services:
  web:
    run: ${targetCommand()}
    env: ${targetEnv()}
    route: ${name}.localhost
    health: { http: /up, settle: 100ms }
    stop: { grace: 2s }
    drain: 5s
  numbered:
    run: $REEVE_NODE numbered.mjs
    env: ${targetEnv()}
    port: auto
    replicas: ${copies}
    health: { http: /up, settle: 100ms }
    stop: { grace: 2s }
bake: 0s
`,
});

/** By id. */
export const instancesOf = async (
  stage: Pick<Stage, 'status'>,
): Promise<ReadonlyMap<string, InstanceStatus>> => {
  const { services } = await stage.status();
  return new Map(services.flatMap(({ instances }) => instances.map((one) => [one.id, one])));
};

/** What tells one life of an instance from another. */
export const lifeOf = ({ id, pid, startedAt, restarts, release }: InstanceStatus): string =>
  `${id} of release ${release}: process ${pid}, started ${startedAt}, ${restarts} restarts`;

export const countLines = (layout: Layout, stack: string, id: string): number =>
  readFileSync(instanceLogPath(layout, stack, id, 'out')).reduce(
    (count, byte) => (byte === 10 ? count + 1 : count),
    0,
  );

/** Has each of them write no more, and finds all that it says to have written, once and in order. How many lines it was. */
export const assertNumbered = async (
  layout: Layout,
  stack: string,
  instances: Iterable<InstanceStatus>,
): Promise<number> => {
  let sum = 0;
  for (const { id, port } of instances) {
    const written = Number(await askInstance(port!, '/enough'));
    assert.ok(written > 0, id);
    const log = readFileSync(instanceLogPath(layout, stack, id, 'out'), 'utf8');
    const wanted = Array.from({ length: written }, (_, at) => `line ${at + 1}\n`).join('');
    assert.ok(log === wanted, `${id}: ${firstDifference(log, wanted)}`);
    sum += written;
  }
  return sum;
};

const firstDifference = (log: string, wanted: string): string => {
  const [has, should] = [log.split('\n'), wanted.split('\n')];
  const at = should.findIndex((line, index) => line !== has[index]);
  const where = at < 0 ? should.length : at;
  return `${has.length - 1} lines instead of ${should.length - 1}; line ${where + 1} is "${has[where]}"`;
};

const askInstance = (port: number, path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      text(response).then(resolve, reject);
    });
    sent.once('error', reject);
    sent.end();
  });
