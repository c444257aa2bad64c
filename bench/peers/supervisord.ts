import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SupervisorKind, Workload } from './supervisor-stand.ts';

const DAEMON = '/usr/bin/supervisord';
const CONTROL = '/usr/bin/supervisorctl';

export const supervisord: SupervisorKind = {
  name: 'supervisord',
  missing: () => (existsSync(DAEMON) ? null : 'supervisor is not installed: sh scripts/setup --bench'),
  open: async (workshop) => {
    const file = (name: string): string => join(workshop.folder, 'supervisord', name);
    const conf = workshop.write('supervisord/conf', confOf(file, []));
    const control = [CONTROL, '-c', conf];
    const must = async (argv: readonly string[]): Promise<void> => {
      const ran = await workshop.run(argv);
      if (ran.exit !== 0) throw new Error(`${argv.join(' ')}: ${ran.text}`);
    };
    const daemonPid = async (): Promise<number> => Number(readFileSync(file('pid'), 'utf8'));
    const launch = async (): Promise<void> => {
      await must([DAEMON, '-c', conf]);
      while (!existsSync(file('socket')) || !existsSync(file('pid'))) await sleep(10);
    };
    await launch();
    return {
      up: async (...workloads) => {
        workshop.write('supervisord/conf', confOf(file, workloads));
        await must([...control, 'update']);
      },
      down: async () => {
        workshop.write('supervisord/conf', confOf(file, []));
        await must([...control, 'update']);
      },
      daemonPid,
      ownPids: async () => [await daemonPid()],
      revive: launch,
      outputFiles: () => globSync(file('*.out*')),
      status: [...control, 'status'],
      env: process.env,
      close: async () => void (await workshop.run([...control, 'shutdown'])),
    };
  },
};

// It splits a command as a shell would.
const quote = (argument: string): string => (/\s/.test(argument) ? `"${argument}"` : argument);

// Its defaults, but for three: a group is stopped as one, which is its best; the files of 300 programs may be open; and a
// program counts as started at once, as it does elsewhere.
const confOf = (file: (name: string) => string, workloads: readonly Workload[]): string => {
  const daemon = `[supervisord]
logfile=${file('daemon.log')}
pidfile=${file('pid')}
childlogdir=${file('.')}
minfds=4096
[unix_http_server]
file=${file('socket')}
[supervisorctl]
serverurl=unix://${file('socket')}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
`;
  const programs = workloads.map(
    ({ name, argv, copies }) => `[program:${name}]
command=${argv.map(quote).join(' ')}
process_name=%(program_name)s-%(process_num)d
numprocs=${copies}
numprocs_start=1
startsecs=0
stopasgroup=true
killasgroup=true
stdout_logfile=${file(`${name}-%(process_num)d.out`)}
stderr_logfile=${file(`${name}-%(process_num)d.err`)}
`,
  );
  return [daemon, ...programs].join('');
};
