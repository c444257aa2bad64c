import type { Command } from 'commander';
import { readAgent, runForeground, startBackground, stopAgent, type StartOptions } from '../agent-life.ts';
import { withExamples } from '../examples.ts';
import { renderAgent, renderRebuilt } from '../output/agent.ts';
import { readPort } from '../read-option.ts';
import { action } from '../session.ts';

export const register = (program: Command): void => {
  const agent = program
    .command('agent')
    .description(
      'The agent of this host: start it, stop it, ask how it is. What it runs goes on without it.',
    );
  withExamples(agent, ['reeve agent', 'how it is'], ['reeve agent start', 'start it in the background']);
  registerStatus(agent);
  registerStart(agent);
  registerStop(agent);
};

const registerStatus = (agent: Command): void => {
  const command = agent
    .command('status', { isDefault: true })
    .description('Show the agent: version, process, folders, memory.')
    .action(
      action(async (session) => {
        const { client, output, signal, world } = session;
        const status = await client.call('agentStatus', { signal });
        output.answer(status, (voice) => renderAgent(status, world.now(), voice));
      }),
    );
  withExamples(command, ['reeve agent status', 'the agent of this host']);
};

const registerStart = (agent: Command): void => {
  const command = agent
    .command('start')
    .description('Start the agent, in the background unless told otherwise; nothing happens where one runs.')
    .option('--foreground', 'run it here until it is stopped: for systemd and for looking on')
    .option(
      '--edge-port <port>',
      'loopback port of the builtin edge (default: REEVE_EDGE_PORT, or 7080)',
      readPort,
    )
    .option('--replace', 'end the agent that runs first: an upgrade; no service stops')
    .action(
      action(async (session, options: StartOptions) => {
        const before = await readAgent(session);
        if (before && options.replace) await stopAgent(session);
        if (options.foreground) return runForeground(session, options);
        const isThere = before !== null && !options.replace;
        const status = isThere ? before : await startBackground(session, options);
        const words = isThere ? 'The agent already runs' : 'The agent runs';
        const outcome = isThere ? 'already-running' : 'started';
        session.output.done({ outcome, agent: status }, `${words} (process ${status.pid}, ${status.socket})`);
        const { rebuilt } = status;
        if (rebuilt && !isThere) session.output.hint((voice) => renderRebuilt(rebuilt, voice));
        return undefined;
      }),
    );
  withExamples(
    command,
    ['reeve agent start', 'in the background'],
    ['reeve agent start --replace', 'after an upgrade of Reeve'],
    ['reeve agent start --foreground', 'as a service of systemd'],
  );
};

const registerStop = (agent: Command): void => {
  const command = agent
    .command('stop')
    .description('Stop the agent; services, routes and their output go on without it.')
    .action(
      action(async (session) => {
        const pid = (await readAgent(session)) && (await stopAgent(session));
        const words =
          pid === null ? 'No agent runs' : `The agent (process ${pid}) is stopped; what it ran goes on`;
        session.output.done({ outcome: pid === null ? 'was-not-running' : 'stopped', pid }, words);
      }),
    );
  withExamples(command, ['reeve agent stop', 'the services go on; reeve down stops those']);
};
