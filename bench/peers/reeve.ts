import { globSync } from 'node:fs';
import { join } from 'node:path';
import { openStage } from '../../test/worlds/stage.ts';
import { pidsNaming } from '../harness/processes.ts';
import type { SupervisorKind, Workload } from './supervisor-stand.ts';

const MOST_REPLICAS = 50;

export const reeve: SupervisorKind = {
  name: 'reeve',
  missing: () => null,
  open: async () => {
    const stage = await openStage({ stack: 'bench', files: {} });
    const home = stage.env.REEVE_HOME!;
    const must = async (...args: string[]): Promise<void> => {
      const ran = await stage.reeve(...args);
      if (ran.exit !== 0) throw new Error(`reeve ${args.join(' ')}: ${ran.stderr}`);
    };
    // The first agent of an installation compiles its sources; like everything that compiles, it is measured compiled.
    await must('agent', 'start');
    await must('agent', 'stop');
    await must('agent', 'start');
    return {
      up: async (...workloads) => {
        stage.write('reeve.yaml', stackOf(workloads));
        await must('up', '--quiet');
      },
      down: () => must('down', '--quiet'),
      daemonPid: stage.agentPid,
      ownPids: async () => [await stage.agentPid(), ...pidsNaming(home)],
      revive: () => must('agent', 'start'),
      outputFiles: () => globSync(join(home, 'stacks/*/logs/*/*.out')),
      status: [join(import.meta.dirname, '../../bin/reeve'), 'status'],
      env: stage.env,
      close: stage.close,
    };
  },
};

// Services of at most fifty copies each: a stack file allows a hundred.
const stackOf = (workloads: readonly Workload[]): string => {
  const services = workloads.flatMap(({ name, argv, copies }) =>
    Array.from({ length: Math.ceil(copies / MOST_REPLICAS) }, (_, at) => {
      const replicas = Math.min(MOST_REPLICAS, copies - at * MOST_REPLICAS);
      return `  ${name}-${at + 1}: { run: ${JSON.stringify(argv)}, replicas: ${replicas} }`;
    }),
  );
  return ['name: bench', 'bake: 0s', 'services:', ...services, ''].join('\n');
};
