import type { Command } from 'commander';
import type { StackStatus } from '../../api/wire.ts';
import { saidStack } from '../choose-stack.ts';
import { withExamples } from '../examples.ts';
import { renderStatus } from '../output/status.ts';
import { action, type Session } from '../session.ts';

export const register = (program: Command): void => {
  const command = program
    .command('status')
    .description('Show every stack with its services: health, release, ports, use of memory and CPU.')
    .option('-w, --watch', 'stay and show changes as they happen; ends with Ctrl-C')
    .action(
      action(async (session, { watch }: { readonly watch?: boolean }) => {
        if (watch) {
          const { watchStatus } = await import('../watch-status.ts');
          return watchStatus(session, () => readStacks(session));
        }
        const stacks = await readStacks(session);
        session.output.answer(stacks, (voice) => renderStatus(stacks, session.world.now(), voice));
        return undefined;
      }),
    );
  withExamples(
    command,
    ['reeve status', 'all stacks'],
    ['reeve status --stack shop --watch', 'one, live'],
    ["reeve status --json | jq '.[].services'", 'as data'],
  );
};

const readStacks = async (session: Session): Promise<readonly StackStatus[]> => {
  const { client, signal } = session;
  const stack = saidStack(session);
  if (stack === null) return client.call('listStacks', { signal });
  return [await client.call('stackStatus', { params: { stack }, signal })];
};
