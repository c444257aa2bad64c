import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Comparison, Figures } from '../harness/comparison.ts';
import { pidsOf, untilRunning } from '../harness/processes.ts';
import { type OpenSupervisor, withSupervisors } from '../peers/supervisors.ts';

const SILENT = 280;
const TALKING = 20;
const WITHOUT_MS = 2000;
const SETTLE_MS = 3000;

export const daemonKilled: Comparison = {
  name: 'supervision/daemon-killed',
  title: 'The daemon is killed and started again',
  how: `${SILENT} copies of sleep(1), and ${TALKING} shells that write a line every half second. SIGKILL to the daemon, ${WITHOUT_MS / 1000} s without it, then started again as its manual says (\`reeve agent start\`, \`pm2 resurrect\`, \`supervisord\`), and counted ${SETTLE_MS / 1000} s later.`,
  run: async (bench) => {
    const figures = new Figures();
    await withSupervisors(bench, async (supervisors) => {
      for (const supervisor of supervisors) {
        await measureOne(supervisor, figures);
        bench.say(`${supervisor.name} measured`);
      }
    });
    return figures.list();
  },
};

const measureOne = async ({ name, stand, workshop }: OpenSupervisor, figures: Figures): Promise<void> => {
  const sleeper = workshop.copyProgram('/bin/sleep', 'sleeper');
  const talker = workshop.copyProgram('/bin/sh', 'talker');
  const talk = workshop.write('talk.sh', 'while :; do echo here I am; sleep 0.5; done\n');
  await Promise.all([
    untilRunning(sleeper, SILENT),
    untilRunning(talker, TALKING),
    stand.up(
      { name: 'sleeper', argv: [sleeper, '100000'], copies: SILENT },
      { name: 'talker', argv: [talker, talk], copies: TALKING },
    ),
  ]);
  await sleep(SETTLE_MS);
  // What a shell forks to run sleep(1) is for an instant a shell as well: only known pids count as survivors.
  const silent = pidsOf(sleeper);
  const talking = pidsOf(talker);
  process.kill(await stand.daemonPid(), 'SIGKILL');
  await sleep(WITHOUT_MS);
  const silentLeft = pidsOf(sleeper).length;
  const talkingLeft = pidsOf(talker).filter((pid) => talking.includes(pid)).length;
  const began = performance.now();
  await stand.revive();
  const revivedMs = performance.now() - began;
  await sleep(SETTLE_MS);
  const now = pidsOf(sleeper);
  const add = (what: string, unit: 'ms' | 'count', value: number, target?: number): void =>
    figures.add({ what, unit, better: 'less', ...(target === undefined ? {} : { target }) }, name, value);
  add('silent programs that died with it', 'count', SILENT - silentLeft, 0);
  add('talking programs that died with it', 'count', TALKING - talkingLeft, 0);
  add('silent programs started a second time', 'count', now.length - silentLeft, 0);
  add(
    'survivors that were restarted',
    'count',
    silent.length - now.filter((pid) => silent.includes(pid)).length,
    0,
  );
  add('started again: command is back', 'ms', revivedMs);
  if (name === 'reeve')
    add(`${SILENT + TALKING} adopted, as the agent says`, 'ms', adoptionMs(stand.env.REEVE_HOME!), 100);
};

// From the agent's own log: the last time it started.
const adoptionMs = (home: string): number => {
  const lines = readFileSync(join(home, 'agent.log'), 'utf8').trimEnd().split('\n');
  const line = lines.findLast((one) => one.includes('"agent started"')) ?? '{}';
  return (JSON.parse(line) as { readonly adoptedInMs?: number }).adoptedInMs ?? Number.NaN;
};
