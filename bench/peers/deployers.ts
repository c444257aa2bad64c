// Ways to bring a new version of one service before its clients: `reeve deploy`, `pm2 reload`, and stop and start.
import { spawn } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Change } from '../../src/model/change.ts';
import { freePort } from '../../test/worlds/edge-stand.ts';
import { openStage, type Stage } from '../../test/worlds/stage.ts';
import { isThere } from '../harness/processes.ts';
import type { Door } from '../harness/version-watch.ts';
import type { Workshop } from '../harness/workshop.ts';
import { PM2, pm2Missing } from './pm2.ts';

const root = resolve(import.meta.dirname, '../..');
const NODE = join(root, 'bin/node');
const SERVER = join(root, 'bench/programs/server.cjs');
const COPIES = 2;

export type Deployer = {
  readonly door: Door;
  /** Resolves when the command is back. */
  readonly deploy: (version: string) => Promise<void>;
  readonly close: () => Promise<void>;
};

export type ReeveDeployer = Deployer & {
  readonly rollback: () => Promise<void>;
  readonly lastChange: () => Promise<Change>;
};

export type DeployerKind = {
  readonly name: string;
  readonly missing: () => string | null;
  /** Version 0 answers already. */
  readonly open: (workshop: Workshop) => Promise<Deployer>;
};

export const openReeve = async (): Promise<ReeveDeployer> => {
  const stage = await openStage({ stack: 'bench', files: { 'reeve.yaml': STACK, version: '0' } });
  copyFileSync(SERVER, join(stage.stackFolder, 'server.cjs'));
  await must(stage, 'agent', 'start');
  await must(stage, 'up');
  return {
    door: { port: stage.edgePort, host: 'bench.localhost' },
    deploy: async (version) => {
      stage.write('version', version);
      await must(stage, 'deploy', '--quiet');
    },
    rollback: () => must(stage, 'rollback', '--quiet'),
    lastChange: stage.lastChange,
    close: stage.close,
  };
};

// Nothing is waited for that the others do not wait for: no settling, no watching afterwards.
const STACK = `name: bench
bake: 0s
services:
  web:
    run: $REEVE_NODE server.cjs
    route: true
    replicas: ${COPIES}
    health: { http: /, settle: 0s, within: 15s }
    drain: 2s
`;

const must = async (stage: Stage, ...args: string[]): Promise<void> => {
  const ran = await stage.reeve(...args);
  if (ran.exit !== 0) throw new Error(`reeve ${args.join(' ')}: ${ran.stderr}`);
};

const pm2: DeployerKind = {
  name: 'pm2 reload',
  missing: pm2Missing,
  open: async (workshop) => {
    const port = await freePort();
    const env = { PM2_HOME: join(workshop.folder, 'pm2'), NO_COLOR: '1' };
    const run = async (...args: string[]): Promise<void> => {
      const ran = await workshop.run([...PM2, ...args], env);
      if (ran.exit !== 0) throw new Error(`pm2 ${args.join(' ')}: ${ran.text}`);
    };
    workshop.write('version', '0');
    copyFileSync(SERVER, join(workshop.folder, 'server.cjs'));
    const app = {
      name: 'web',
      script: join(workshop.folder, 'server.cjs'),
      exec_mode: 'cluster',
      instances: COPIES,
      env: { PORT: port },
    };
    await run('start', workshop.write('ecosystem.json', JSON.stringify({ apps: [app] })));
    return {
      door: { port, host: 'bench.localhost' },
      deploy: async (version) => {
        workshop.write('version', version);
        await run('reload', 'web');
      },
      close: () => run('kill'),
    };
  },
};

const restart: DeployerKind = {
  name: 'stop, start',
  missing: () => null,
  open: async (workshop) => {
    const port = await freePort();
    copyFileSync(SERVER, join(workshop.folder, 'server.cjs'));
    const start = (version: string): number => {
      workshop.write('version', version);
      const child = spawn(NODE, [join(workshop.folder, 'server.cjs')], {
        env: { ...process.env, PORT: String(port) },
        stdio: 'ignore',
      });
      return child.pid!;
    };
    let pid = start('0');
    const stop = async (): Promise<void> => {
      process.kill(pid, 'SIGTERM');
      while (isThere(pid)) await sleep(5);
    };
    return {
      door: { port, host: 'bench.localhost' },
      deploy: async (version) => {
        await stop();
        pid = start(version);
      },
      close: stop,
    };
  },
};

export const DEPLOYERS: readonly DeployerKind[] = [
  { name: 'reeve', missing: () => null, open: openReeve },
  pm2,
  restart,
];
