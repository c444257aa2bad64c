// A stage with a service of two copies that is asked all the time, and one that dies when told to: for stories in which the
// host runs out of something while they run.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StackStatus } from '../../src/api/wire.ts';
import type { Change } from '../../src/model/change.ts';
import type { ErrorReport } from '../../src/model/error.ts';
import { agentLogPath, type Layout, resolveLayout, sharedFolder } from '../../src/model/layout.ts';
import { eventually, isRunning } from './conditions.ts';
import { keepAliveClient } from './load/keep-alive-client.ts';
import { startMixedLoad } from './load/mixed-load.ts';
import { openStage, type Ran, type Stage } from './stage.ts';

// A release whose gate.txt names a gate is not ready before there is a file of that name in the shared folder.
const WEB = `
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
// A program writes its log by itself: on a full disk that fails, and Node ends one that does not hear of it.
process.stdout.on('error', () => {});
const gate = process.env.REEVE_SHARED + '/' + readFileSync('gate.txt', 'utf8');
createServer(async (request, response) => {
  const body = (await request.toArray()).join('');
  if (request.url === '/up') response.statusCode = existsSync(gate) ? 200 : 503;
  else console.log(request.method, request.url);
  response.end(request.url === '/echo' ? body : 'release ' + process.env.REEVE_RELEASE);
}).listen(Number(process.env.PORT), '127.0.0.1');
`;

const stackFile = (
  name: string,
  { services, rest }: { services: string; rest: string },
): string => `name: ${name}
services:
  web:
    run: $REEVE_NODE web.mjs
    route: ${name}.localhost
    replicas: 2
    health: { http: /up, interval: 200ms, passes: 1, settle: 50ms, within: 60s }
    drain: 5s
  frail:
    run: sh -c 'echo up; exec sleep 1000'
    health: { log: up, settle: 50ms }
${services}
bake: 0s
${rest}
`;

export type Instance = StackStatus['services'][number]['instances'][number];

export type Strained = {
  readonly stage: Stage;
  readonly layout: Layout;
  readonly instances: () => Promise<readonly Instance[]>;
  /** Of all that serve, or those of one service. */
  readonly pids: (service?: string) => Promise<readonly (number | null)[]>;
  /** The one that dies when it is killed. */
  readonly frail: () => Promise<Instance>;
  /** Lets releases pass their gate whose gate.txt has this name. */
  readonly openGate: (name: string) => void;
  readonly agentLog: () => string;
  readonly changeAt: (kind: string) => Promise<Change>;
  /** Every copy is healthy, nothing else is there, and nobody has the lock. */
  readonly assertWhole: () => Promise<void>;
  /** Nobody who asked has noticed anything so far. */
  readonly assertUnnoticed: () => void;
  /** Without anybody's help: the next deploy works, and everything is there. */
  readonly assertRecovered: () => Promise<void>;
  /** SIGKILL, and gone. */
  readonly killAgent: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export type StrainedOptions = {
  readonly name: string;
  /** More services, as YAML, indented by two. */
  readonly services?: string;
  /** More of the stack file, as YAML. */
  readonly rest?: string;
  /** More files of the stack folder. */
  readonly files?: Readonly<Record<string, string>>;
  readonly makeState?: (home: string) => () => void;
  /** Variables of the agent, and of every command. */
  readonly env?: NodeJS.ProcessEnv;
  /** Once an agent runs, before anything is brought up; gives back what ends it. */
  readonly prepare?: (layout: Layout) => () => void;
};

/** Brings it up, deploys a second release, and begins to ask. */
export const openStrained = async (options: StrainedOptions): Promise<Strained> => {
  const { name, services = '', rest = 'warm: 0s\nretention: { releases: 3 }' } = options;
  const { files, makeState, env } = options;
  let endPrepared: (() => void) | null = null;
  const stage = await openStage({
    stack: name,
    files: {
      'reeve.yaml': stackFile(name, { services, rest }),
      'web.mjs': WEB,
      'gate.txt': '',
      ...files,
    },
    makeState: (home) => {
      const end = makeState?.(home);
      return () => {
        endPrepared?.();
        end?.();
      };
    },
    ...(env ? { env } : {}),
  });
  const layout = resolveLayout(stage.env, process.getuid?.() ?? 0);
  const shared = sharedFolder(layout, name);
  await mustSucceed(stage, 'agent', 'start');
  endPrepared = options.prepare?.(layout) ?? null;
  mkdirSync(shared, { recursive: true });
  await mustSucceed(stage, 'up');
  await mustSucceed(stage, 'deploy', '--force');
  const load = startMixedLoad(
    { port: stage.edgePort, host: `${name}.localhost` },
    [1, 2, 3, 4].map((at) => keepAliveClient(`client ${at}`, 20)),
  );
  const instances = async (): Promise<readonly Instance[]> =>
    (await stage.status()).services.flatMap((service) => service.instances);
  const assertWhole = (): Promise<unknown> =>
    eventually('every copy is healthy, and nothing else is there', () => isWhole(stage), 30_000);
  return {
    stage,
    layout,
    instances,
    pids: async (service) =>
      (await instances())
        .filter((one) => isServing(one) && (service ?? one.service) === one.service)
        .map(({ pid }) => pid),
    frail: async () => (await instances()).find(({ service }) => service === 'frail')!,
    openGate: (gate) => writeFileSync(join(shared, gate), ''),
    agentLog: () => readFileSync(agentLogPath(layout), 'utf8'),
    changeAt: (kind) => changeAt(stage, kind),
    assertWhole: async () => void (await assertWhole()),
    assertUnnoticed: () => {
      const { failed, reasons } = load.report();
      assert.deepEqual({ failed, reasons }, { failed: 0, reasons: [] }, 'somebody who asked noticed');
    },
    assertRecovered: async () => {
      await mustSucceed(stage, 'deploy', '--force');
      await assertWhole();
    },
    killAgent: async () => {
      const agent = await stage.agentPid();
      process.kill(agent, 'SIGKILL');
      await eventually('the agent is gone', () => !isRunning(agent));
    },
    close: async () => {
      await load.stop();
      await stage.close();
    },
  };
};

/** The error under `--json`; of a command that makes several changes, that of the last it made. */
export const errorOf = ({ stdout }: Ran): ErrorReport => {
  const results = [JSON.parse(stdout)].flat() as { readonly error: ErrorReport }[];
  return results.at(-1)!.error;
};

export const mustSucceed = async (stage: Stage, ...args: string[]): Promise<Ran> => {
  const ran = await stage.reeve(...args);
  assert.equal(ran.exit, 0, `reeve ${args.join(' ')}: ${ran.stderr}`);
  return ran;
};

/** Whatever only looks is answered. */
export const assertAnswers = async (stage: Stage): Promise<void> => {
  for (const line of READS) await mustSucceed(stage, ...line.split(' '));
};

const READS = ['status', 'ps', 'plan', 'releases', 'changes', 'logs web', 'lock', 'edge routes'];

const isServing = ({ warmUntil, activity }: Instance): boolean =>
  warmUntil === null && activity !== 'stopping';

const isWhole = async (stage: Stage): Promise<boolean> => {
  const { services, lock, change } = await stage.status();
  return (
    lock.owner === 'free' &&
    change === null &&
    services.every(({ instances, replicas }) => {
      const others = instances.filter(({ warmUntil }) => warmUntil === null);
      return others.length === replicas && others.every(({ health }) => health === 'healthy');
    })
  );
};

const changeAt = (stage: Stage, kind: string): Promise<Change> =>
  eventually(`the change is at ${kind}`, async () => {
    const change = await stage.lastChange();
    const record = change.records.at(-1);
    const step = change.plan.steps.find(({ id }) => id === record?.step);
    return step?.kind === kind && record?.event === 'intent' ? change : null;
  });
