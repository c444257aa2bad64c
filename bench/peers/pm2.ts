import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pidsNaming } from '../harness/processes.ts';
import type { SupervisorKind, Workload } from './supervisor-stand.ts';

const root = resolve(import.meta.dirname, '../..');
const program = join(root, '.cache/bench/pm2/node_modules/pm2/bin/pm2');

/** On the Node that Reeve runs on. */
export const PM2 = [join(root, 'bin/node'), program];

export const pm2Missing = (): string | null =>
  existsSync(program) ? null : 'PM2 is not installed: sh scripts/setup --bench';

export const pm2: SupervisorKind = {
  name: 'pm2',
  missing: pm2Missing,
  open: async (workshop) => {
    const home = join(workshop.folder, 'pm2');
    const env = { PM2_HOME: home, NO_COLOR: '1' };
    const must = async (...args: string[]): Promise<void> => {
      const ran = await workshop.run([...PM2, ...args], env);
      if (ran.exit !== 0) throw new Error(`pm2 ${args.join(' ')}: ${ran.text}`);
    };
    const daemonPid = async (): Promise<number> => Number(readFileSync(join(home, 'pm2.pid'), 'utf8'));
    await must('ping');
    return {
      up: async (...workloads) => {
        const apps = workloads.flatMap(appsOf);
        await must('start', workshop.write('ecosystem.json', JSON.stringify({ apps })));
        await must('save', '--force');
      },
      down: () => must('delete', 'all'),
      daemonPid,
      ownPids: async () => [await daemonPid()],
      revive: () => must('resurrect'),
      outputFiles: () => globSync(join(home, 'logs/*-out*.log')),
      status: [...PM2, 'ls'],
      env: { ...process.env, ...env },
      close: async () => {
        await workshop.run([...PM2, 'kill'], env);
        for (const pid of pidsNaming(home)) process.kill(pid, 'SIGKILL');
      },
    };
  },
};

const appsOf = ({ name, argv, copies }: Workload): readonly object[] =>
  Array.from({ length: copies }, (_, at) => ({
    name: `${name}-${at + 1}`,
    script: argv[0],
    args: argv.slice(1),
    interpreter: 'none',
    exec_mode: 'fork',
  }));
