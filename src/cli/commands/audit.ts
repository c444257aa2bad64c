import type { Command } from 'commander';
import type { AuditEntry } from '../../ports/store.ts';
import { withExamples } from '../examples.ts';
import { renderTable } from '../output/table.ts';
import type { Voice } from '../output/output.ts';
import { type Line, span } from '../output/text.ts';
import { readCount } from '../read-option.ts';
import { action } from '../session.ts';

export const register = (program: Command): void => {
  const command = program
    .command('audit')
    .description('Show who asked the agent to change what, newest first.')
    .option('-n, --limit <count>', 'how many', readCount, 50)
    .action(
      action(async ({ client, output, signal }, { limit }: { readonly limit: number }) => {
        const entries = await client.call('audit', { query: { limit }, signal });
        output.answer(entries, (voice) => renderAudit(entries, voice));
      }),
    );
  withExamples(command, ['reeve audit -n 10', 'the last ten'], ['reeve audit --json', 'as data']);
};

const renderAudit = (entries: readonly AuditEntry[], voice: Voice): Line[] => {
  if (entries.length === 0) return [[span('Nothing was changed yet')]];
  const rows = entries.map((entry) => [
    [span(new Date(entry.at).toISOString().replace('T', ' ').slice(0, 19), 'dim')],
    [span(entry.by)],
    [span(entry.what)],
    [span(entry.change === null ? '' : String(entry.change))],
    [span(entry.outcome, entry.outcome === 'ok' ? undefined : 'yellow')],
  ]);
  const columns = [
    { title: 'UTC' },
    { title: 'BY', atLeast: 6 },
    { title: 'WHAT', atLeast: 20 },
    { title: 'CHANGE', align: 'right' },
    { title: 'OUTCOME' },
  ] as const;
  return renderTable({ columns, rows }, { width: voice.width - 1 });
};
