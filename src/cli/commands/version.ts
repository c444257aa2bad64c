import type { Command } from 'commander';
import { reeveVersion } from '../../kit/version.ts';
import { readAgent } from '../agent-life.ts';
import { withExamples } from '../examples.ts';
import { renderFields } from '../output/fields.ts';
import { span } from '../output/text.ts';
import { action } from '../session.ts';

export const register = (program: Command): void => {
  const command = program
    .command('version')
    .description('Print the version of this reeve, and of the agent where one runs.')
    .action(
      action(async (session) => {
        const agent = await readAgent(session);
        const version = reeveVersion();
        const running = agent && { version: agent.version, pid: agent.pid };
        session.output.answer({ version, node: process.versions.node, agent: running }, (voice) => [
          [span(`reeve ${version}`)],
          ...renderFields(
            [
              { label: 'node', lines: [process.versions.node] },
              { label: 'agent', lines: [agent ? `${agent.version} (process ${agent.pid})` : 'none runs'] },
            ],
            voice,
          ),
        ]);
      }),
    );
  withExamples(
    command,
    ['reeve version', 'of the CLI and of the agent'],
    ['reeve version --json', 'as data'],
  );
};
