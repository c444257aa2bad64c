import { setTimeout as sleep } from 'node:timers/promises';
import { type Comparison, Figures } from '../harness/comparison.ts';
import { costOf, untilRunning } from '../harness/processes.ts';
import { openWorkshop, type Workshop } from '../harness/workshop.ts';
import { addAgentSize, type ScaleStage, STACK, withScaleStage } from './scale-stage.ts';

const SIZES = { '10 services': 10, '50 services': 50, '150 services': 150, '500 services': 500 };
/** Long enough that samples for the last look at the status have ended; see src/supervise/usage-sampler.ts. */
const SETTLE_MS = 20_000;
const WINDOW_MS = 15_000;

export const services: Comparison = {
  name: 'scale/services',
  title: 'Scale: services of one stack',
  how: `One stack file with so many services. Of ten, one is a small HTTP server with a route, one a shell that says it is ready behind a gate that waits for that line, two start after another one, and all others are sleep(1). In brackets: how much a figure grew, for how much more. \`up\` makes a release, starts every program and passes every gate; each command is a new process. The processor over ${WINDOW_MS / 1000} s in which nobody asks anything, 20 s after the last change.`,
  sizes: SIZES,
  run: async (bench) => {
    const figures = new Figures();
    for (const [size, count] of Object.entries(SIZES)) {
      const workshop = openWorkshop();
      try {
        await withScaleStage(figures, size, (scale) => measure(scale, workshop, count));
      } finally {
        await workshop.close();
      }
      bench.say(`${size} measured`);
    }
    return figures.list();
  },
};

const measure = async (scale: ScaleStage, workshop: Workshop, count: number): Promise<void> => {
  const { stage, must, time, add } = scale;
  const sleeper = workshop.copyProgram('/bin/sleep', 'sleeper');
  stage.write('serve.pl', SERVER);
  stage.write('reeve.yaml', stackOf(sleeper, count));
  await time('validate', 5, 'validate');
  await time('plan of the first deploy', 5, 'plan');
  await measureUp(scale, sleeper, count);
  await time('down', 1, 'down', '--quiet');
  await measureUp(scale, sleeper, count);
  await measureIdle(scale);
  await addAgentSize(scale);
  await time('status', 10, 'status');
  await time('ps', 5, 'ps');
  await time('plan, nothing changed', 5, 'plan');
  await time('deploy, nothing changed', 5, 'deploy', '--quiet');
  await time('changes', 3, 'changes');
  await time('logs --tail 10 of everything', 3, 'logs', '--tail', '10');
  await time('doctor', 3, 'doctor');
  process.kill(await stage.agentPid(), 'SIGKILL');
  add('agent killed, started again: adopts all', 'ms', (await must('agent', 'start')).tookMs);
  add('agent: resident memory after adoption', 'MB', costOf([await stage.agentPid()]).rssMb);
};

const measureUp = async ({ must, add }: ScaleStage, sleeper: string, count: number): Promise<void> => {
  const [runningMs, { tookMs }] = await Promise.all([
    untilRunning(sleeper, count - Math.ceil(count / 10)),
    must('up', '--quiet'),
  ]);
  add('up: all run', 's', runningMs / 1000);
  add('up: command is back', 's', tookMs / 1000);
};

const measureIdle = async ({ stage, add }: ScaleStage): Promise<void> => {
  await sleep(SETTLE_MS);
  const pid = await stage.agentPid();
  const before = costOf([pid]).cpuMs;
  await sleep(WINDOW_MS);
  add('agent: processor, idle', '% of a core', ((costOf([pid]).cpuMs - before) / WINDOW_MS) * 100);
};

const stackOf = (sleeper: string, count: number): string => {
  const programs = Array.from({ length: count }, (_, at) => {
    const run =
      at % 10 === 0
        ? `{ run: perl serve.pl, route: ${nameOf(at)}.localhost }`
        : at % 10 === 3
          ? `{ run: "echo ready; exec ${sleeper} 100000", shell: true, health: { log: "^ready$" } }`
          : at % 5 === 2
            ? `{ run: [${sleeper}, "100000"], depends_on: [${nameOf(at - 1)}] }`
            : `{ run: [${sleeper}, "100000"] }`;
    return `  ${nameOf(at)}: ${run}`;
  });
  return [`name: ${STACK}`, 'bake: 0s', 'services:', ...programs, ''].join('\n');
};

// Five megabytes, where one on Node would have fifty.
const SERVER = `use Socket;
$SIG{PIPE} = 'IGNORE';
socket(my $door, PF_INET, SOCK_STREAM, 0) or die;
setsockopt($door, SOL_SOCKET, SO_REUSEADDR, 1);
bind($door, sockaddr_in($ENV{PORT}, INADDR_LOOPBACK)) or die;
listen($door, 64);
while (1) {
  accept(my $caller, $door) or next;
  sysread($caller, my $asked, 65536)
    and syswrite($caller, "HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok");
  close($caller);
}
`;

const nameOf = (at: number): string => `service-${at + 1}`;
