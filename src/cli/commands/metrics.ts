import type { Command } from 'commander';
import { withExamples } from '../examples.ts';
import { action } from '../session.ts';

export const register = (program: Command): void => {
  const command = program
    .command('metrics')
    .description("Print the agent's metrics in the Prometheus text format.")
    .action(
      action(async ({ client, output, signal }) => {
        const text = await client.call('metrics', { signal });
        output.raw({ format: 'prometheus', text }, text);
      }),
    );
  withExamples(
    command,
    ['reeve metrics', 'all of them'],
    ['reeve metrics > /var/lib/node_exporter/reeve.prom', 'for a textfile collector'],
  );
};
