import type { Command } from 'commander';
import { saidStack } from '../choose-stack.ts';
import { withExamples } from '../examples.ts';
import { EXIT } from '../exit-code.ts';
import { cancelChange, showChangeToItsEnd } from '../make-change.ts';
import { renderChange, renderChanges } from '../output/changes.ts';
import { olderLine } from '../output/older-line.ts';
import { readId, readLimit } from '../read-option.ts';
import { action } from '../session.ts';

/** As many as are kept of a stack. */
const MOST = 1000;

export const register = (program: Command): void => {
  const changes = program
    .command('changes')
    .description('What was changed here: list, show, follow or cancel changes.');
  withExamples(
    changes,
    ['reeve changes', 'the last changes'],
    ['reeve changes show 12', 'one, step by step'],
  );
  registerList(changes);
  registerShow(changes);
  registerFollow(changes);
  registerCancel(changes);
};

const registerList = (changes: Command): void => {
  const command = changes
    .command('list', { isDefault: true })
    .description('List the last changes, newest first.')
    .option('-n, --limit <count>', 'how many', readLimit(MOST), 20)
    .action(
      action(async (session, { limit }: { readonly limit: number }) => {
        const { client, output, signal, world } = session;
        const stack = saidStack(session);
        // One more than is shown says whether there are more.
        const query = { limit: limit + 1, ...(stack === null ? {} : { stack }) };
        const found = await client.call('listChanges', { query, signal });
        const shown = found.slice(0, limit);
        output.answer(shown, (voice) => [
          ...renderChanges(shown, world.now(), voice),
          ...(found.length > limit ? [olderLine(`reeve changes -n ${Math.min(limit * 10, MOST)}`)] : []),
        ]);
      }),
    );
  withExamples(command, ['reeve changes list', 'the last 20'], ['reeve changes list -n 5 --json', 'as data']);
};

const registerShow = (changes: Command): void => {
  const command = changes
    .command('show')
    .description('Show one change: its steps with their times, and its error.')
    .argument('<id>', 'the number of the change', readId)
    .action(
      action(async ({ client, output, signal }, id: number) => {
        const change = await client.call('showChange', { params: { id }, signal });
        output.answer(change, (voice) => renderChange(change, voice));
      }),
    );
  withExamples(command, ['reeve changes show 12', 'what happened in change 12']);
};

const registerFollow = (changes: Command): void => {
  const command = changes
    .command('follow')
    .description('Follow a change to its end, from any terminal; the exit code is that of the change.')
    .argument('<id>', 'the number of the change', readId)
    .action(action((session, id: number) => showChangeToItsEnd(session, id)));
  withExamples(command, ['reeve changes follow 12', 'after Ctrl-C, or a lost connection']);
};

const registerCancel = (changes: Command): void => {
  const command = changes
    .command('cancel')
    .description('Cancel a change: what it did is undone, and the old release goes on serving.')
    .argument('<id>', 'the number of the change', readId)
    .option('--detach', 'return as soon as the agent has it; do not wait for its end')
    .action(
      action(async (session, id: number, { detach }: { readonly detach?: boolean }) => {
        const state = await cancelChange(session, id, detach ?? false);
        return state === 'done' ? EXIT.failed : EXIT.done;
      }),
    );
  withExamples(command, ['reeve changes cancel 12', 'and wait until it is undone']);
};
