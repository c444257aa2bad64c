// Starting, replacing and stopping the agent of this host.
import type { AgentStatus } from '../api/wire.ts';
import type { Client } from '../client/client.ts';
import { startAgent } from '../client/start-agent.ts';
import { identify } from '../kit/process-identity.ts';
import { realClock } from '../kit/real-clock.ts';
import { Failure, isReported, Refusal } from '../model/error.ts';
import type { Layout } from '../model/layout.ts';
import { agentCommand } from './agent-command.ts';
import { agentEnvironment } from './agent-environment.ts';
import type { World } from './world.ts';

export type StartOptions = {
  readonly foreground?: boolean;
  readonly edgePort?: number;
  readonly replace?: boolean;
};

/** Where the agent is and who asks. */
export type Reach = {
  readonly client: Client;
  readonly layout: Layout;
  readonly world: World;
  readonly signal: AbortSignal;
};

const DEFAULT_EDGE_PORT = 7080;
const STOP_WITHIN_MS = 15_000;

/** Null where none answers. */
export const readAgent = async ({ client, signal }: Reach): Promise<AgentStatus | null> => {
  try {
    return await client.call('agentStatus', { signal });
  } catch (error) {
    if (isReported(error) && error.report.code === 'agent.absent') return null;
    throw error;
  }
};

/** Starts one detached and waits until it answers. */
export const startBackground = (reach: Reach, { edgePort }: StartOptions = {}): Promise<AgentStatus> => {
  const { client, layout, signal, world } = reach;
  const argv = agentCommand(edgePort === undefined ? [] : ['--edge-port', String(edgePort)]);
  return startAgent({ client, layout, argv, env: agentEnvironment(world.env), clock: realClock, signal });
};

/** Is the agent until it is told to stop. */
export const runForeground = async ({ layout, world }: Reach, { edgePort }: StartOptions): Promise<void> => {
  if (process.platform !== 'linux') {
    throw new Refusal('agent.not-linux', `Cannot start an agent on "${process.platform}": Linux is required`);
  }
  // The agent has its own way with signals: it tidies up and ends.
  world.leaveInterrupts();
  const { runAgent } = await import('../agent/main.ts');
  const env = agentEnvironment(world.env);
  await runAgent({ layout, edgePort: edgePort ?? edgePortOf(env.REEVE_EDGE_PORT), env });
};

/** Asks the agent to end and waits until its process is gone: only then may another have its folder. */
export const stopAgent = async ({ client, signal }: Reach): Promise<number> => {
  const { pid } = await client.call('stopAgent', { signal });
  const before = identify(pid);
  const deadline = realClock.monotonic() + STOP_WITHIN_MS;
  while (before && identify(pid)?.startTicks === before.startTicks) {
    if (realClock.monotonic() >= deadline) {
      throw new Failure(
        'agent.not-stopped',
        `Cannot stop the agent: process ${pid} still runs after ${STOP_WITHIN_MS / 1000} s`,
        {
          fix: `kill -9 ${pid}; the next agent goes on where it was`,
        },
      );
    }
    await realClock.sleep(10, signal);
  }
  return pid;
};

const edgePortOf = (text: string | undefined): number => {
  if (text === undefined || text === '') return DEFAULT_EDGE_PORT;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port <= 65_535) return port;
  throw new Refusal(
    'cli.usage',
    `Cannot use "${text}" of REEVE_EDGE_PORT: a port from 1 to 65535 is required`,
  );
};
