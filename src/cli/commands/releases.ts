import type { Command } from 'commander';
import type { ReleaseLine } from '../../api/wire.ts';
import { formatAge } from '../../kit/format.ts';
import type { ReleaseState } from '../../model/release.ts';
import { chooseStack } from '../choose-stack.ts';
import { withExamples } from '../examples.ts';
import { olderLine } from '../output/older-line.ts';
import type { Voice } from '../output/output.ts';
import type { Style } from '../output/paint.ts';
import { renderTable } from '../output/table.ts';
import { type Line, span, wrap } from '../output/text.ts';
import { readLimit } from '../read-option.ts';
import { action } from '../session.ts';

/** More than any store has. */
const MOST = 100_000;

export const register = (program: Command): void => {
  const command = program
    .command('releases')
    .description('List the releases of the stack, newest first, and which of them can be rolled back to.')
    .option('-n, --limit <count>', 'how many', readLimit(MOST), 20)
    .action(
      action(async (session, { limit }: { readonly limit: number }) => {
        const { client, output, signal, world } = session;
        const stack = await chooseStack(session);
        // One more than is shown says whether there are more.
        const query = { limit: limit + 1 };
        const found = await client.call('releases', { params: { stack }, query, signal });
        const shown = found.slice(0, limit);
        output.answer(shown, (voice) => [
          ...renderReleases(shown, world.now(), voice),
          ...(found.length > limit ? [olderLine(`reeve releases -n ${Math.min(limit * 10, MOST)}`)] : []),
        ]);
      }),
    );
  withExamples(
    command,
    ['reeve releases', 'the last 20'],
    ['reeve releases --json | jq \'.[] | select(.state == "bad")\'', 'what was refused, and why'],
  );
};

const STYLES: Readonly<Record<ReleaseState, Style>> = {
  candidate: 'dim',
  current: 'boldGreen',
  stable: 'green',
  bad: 'red',
};

const renderReleases = (releases: readonly ReleaseLine[], now: number, voice: Voice): Line[] => {
  if (releases.length === 0) return [[span('No release yet. Make one with: reeve deploy')]];
  const rows = releases.map((release) => [
    [span(String(release.id), release.state === 'current' ? 'bold' : undefined)],
    [span(release.state, STYLES[release.state])],
    [span(`${formatAge(now - release.createdAt)} ago`, 'dim')],
    [span(release.revision.slice(0, 8), 'dim')],
    rollbackCell(release),
    [span(release.summary)],
  ]);
  const [titles, ...lines] = renderTable(
    {
      columns: [
        { title: 'RELEASE', align: 'right' },
        { title: 'STATE' },
        { title: 'MADE', align: 'right' },
        { title: 'REVISION', drop: 1 },
        { title: 'ROLL BACK' },
        { title: 'WHAT', atLeast: 20 },
      ],
      rows,
    },
    { width: voice.width - 1 },
  );
  return [titles!, ...lines.flatMap((line, at) => [line, ...reasonLines(releases[at]!, voice)])];
};

// Why it was refused or never was live, whole: it is what people look for here.
const reasonLines = ({ reason, state }: ReleaseLine, voice: Voice): Line[] =>
  reason === null
    ? []
    : wrap(reason, voice.width - REASON_INDENT.length - 1).map((text) => [
        { text: REASON_INDENT },
        span(text, state === 'bad' ? 'red' : 'dim'),
      ]);

const REASON_INDENT = ' '.repeat(9);

const rollbackCell = ({ canRollBack, isWarm }: ReleaseLine): Line => {
  if (!canRollBack) return [];
  return [span(isWarm ? 'at once' : 'yes', isWarm ? 'green' : undefined)];
};
