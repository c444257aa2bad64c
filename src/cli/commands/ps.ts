import type { Command } from 'commander';
import type { StackStatus } from '../../api/wire.ts';
import { formatAge, formatBytes, formatShare } from '../../kit/format.ts';
import { saidStack } from '../choose-stack.ts';
import { withExamples } from '../examples.ts';
import { instanceStateAndWords } from '../output/health.ts';
import type { Voice } from '../output/output.ts';
import { type Column, renderTable } from '../output/table.ts';
import { type Line, span } from '../output/text.ts';
import { action } from '../session.ts';

export const register = (program: Command): void => {
  const command = program
    .command('ps')
    .description('List every instance, one line each.')
    .action(
      action(async (session) => {
        const { client, output, signal, world } = session;
        const stack = saidStack(session);
        const stacks =
          stack === null
            ? await client.call('listStacks', { signal })
            : [await client.call('stackStatus', { params: { stack }, signal })];
        output.answer(instancesOf(stacks), (voice) => renderInstances(stacks, world.now(), voice));
      }),
    );
  withExamples(
    command,
    ['reeve ps', 'every instance of every stack'],
    ['reeve ps --json | jq -r \'.[] | select(.service == "web") | .pid\'', 'pids, for a script'],
  );
};

const instancesOf = (stacks: readonly StackStatus[]) =>
  stacks.flatMap(({ stack, services }) =>
    services.flatMap(({ instances }) => instances.map((instance) => ({ stack, ...instance }))),
  );

const renderInstances = (stacks: readonly StackStatus[], now: number, voice: Voice): Line[] => {
  const rows = instancesOf(stacks).map((instance) => {
    const style = instance.warmUntil === null ? undefined : ('dim' as const);
    const cell = (value: string | number | null): Line =>
      value === null ? [] : [span(String(value), style)];
    return [
      cell(instance.stack),
      cell(instance.id),
      instanceStateAndWords(instance, now, voice),
      cell(instance.release),
      cell(instance.hasTraffic ? 'yes' : 'no'),
      cell(instance.port),
      cell(instance.pid),
      cell(instance.cpuShare === null ? null : formatShare(instance.cpuShare)),
      cell(instance.rssBytes === null ? null : formatBytes(instance.rssBytes)),
      cell(instance.pid === null || instance.startedAt === null ? null : formatAge(now - instance.startedAt)),
      cell(instance.restarts),
    ];
  });
  if (rows.length === 0) return [[span('No instance runs')]];
  const columns: readonly Column[] = [
    { title: 'STACK', ...(stacks.length > 1 ? {} : { drop: 6 }) },
    { title: 'INSTANCE' },
    { title: 'STATE', atLeast: 30 },
    { title: 'REL', align: 'right' },
    { title: 'TRAFFIC', drop: 4 },
    { title: 'PORT', align: 'right' },
    { title: 'PID', align: 'right' },
    { title: 'CPU', align: 'right', drop: 3 },
    { title: 'MEM', align: 'right', drop: 1 },
    { title: 'UP', align: 'right', drop: 2 },
    { title: 'RESTARTS', align: 'right', drop: 5 },
  ];
  return renderTable({ columns, rows }, { width: voice.width - 1 });
};
