// A stage whose agent can be ended at an exact write, and what has to hold after the next one has come.
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import type { AgentStatus, WishedFor } from '../../src/api/wire.ts';
import { agentCommand } from '../../src/cli/agent-command.ts';
import { isAgentLost } from '../../src/client/lost-agent.ts';
import { startAgent } from '../../src/client/start-agent.ts';
import { readStat } from '../../src/kit/process-identity.ts';
import { realClock } from '../../src/kit/real-clock.ts';
import { type Change, isEnded } from '../../src/model/change.ts';
import { resolveLayout } from '../../src/model/layout.ts';
import { eventually, isRunning } from './conditions.ts';
import { CRASH_FOLDER, type CrashPoint, orderPath, writesPath } from './crash-writes.ts';
import { openStage, type Stage, type StageOptions } from './stage.ts';

export type CrashStage = Stage & {
  readonly name: string;
  /** Starts an agent where none runs, and resolves when one answers. */
  readonly ensureAgent: () => Promise<AgentStatus>;
  /** Starts one and waits for nothing; its pid. `wrap`: makes the command another that runs it in its own place. */
  readonly launchAgent: (wrap?: (command: readonly string[]) => readonly string[]) => number;
  /** Resolves when its process is gone. */
  readonly killAgent: () => Promise<void>;
  /** Ends every process of the stage at once, as when power fails: agent, edge, shims and programs. */
  readonly cutPower: () => Promise<void>;
  /** Where the agent has to die next; null: it lives. */
  readonly order: (point: CrashPoint | null) => void;
  /** Labels of the writes that were counted since the last call. */
  readonly takeWrites: () => readonly string[];
  /** Submits a wish; null where there was nothing to do, or the agent died before it could answer. */
  readonly submit: (wish: WishedFor) => Promise<Change | null>;
  /** To deploy something that was not deployed before. */
  readonly deployNext: () => WishedFor;
  /** The change when it has ended; where the agent dies before that, another is started. */
  readonly ended: (id: number) => Promise<Change>;
  /** Submits and waits for the end, which has to be `done`; null where there was nothing to do. */
  readonly make: (wish: WishedFor) => Promise<Change | null>;
};

export const openCrashStage = async (options: StageOptions): Promise<CrashStage> => {
  const stage = await openStage(options);
  const { client, env, folder } = stage;
  const crashFolder = join(folder, 'crash');
  mkdirSync(crashFolder);
  const layout = resolveLayout(env, process.getuid?.() ?? 0);
  const [node = '', ...rest] = agentCommand();
  const argv = [node, '--import', join(import.meta.dirname, 'crash-writes.ts'), ...rest];

  let version = 0;
  let orders = 0;
  const agentEnv = { ...env, [CRASH_FOLDER]: crashFolder };
  const start = (): Promise<AgentStatus> =>
    startAgent({ client, layout, argv, env: agentEnv, clock: realClock });
  const ensureAgent = (): Promise<AgentStatus> =>
    client.call('agentStatus').catch((error: unknown) => {
      if (isAgentLost(error)) return start();
      throw error;
    });
  const submit = async (wish: WishedFor): Promise<Change | null> => {
    try {
      const answer = await client.call('change', { body: wish });
      return answer.outcome === 'nothing' ? null : answer.change;
    } catch (error) {
      if (isAgentLost(error)) return null;
      throw error;
    }
  };
  const ended = (id: number): Promise<Change> =>
    eventually(
      `change ${id} ends`,
      async () => {
        try {
          const change = await client.call('showChange', { params: { id } });
          return isEnded(change.state) ? change : null;
        } catch (error) {
          if (!isAgentLost(error)) throw error;
          await start();
          return null;
        }
      },
      60_000,
    );
  return {
    ...stage,
    name: options.stack,
    ensureAgent,
    launchAgent: (wrap = (command) => command) => {
      const [program = '', ...args] = wrap(argv);
      const child = spawn(program, args, { env: agentEnv, stdio: 'ignore', detached: true });
      child.unref();
      if (child.pid === undefined) throw new Error('the agent can not be started');
      return child.pid;
    },
    killAgent: async () => {
      const pid = await stage.agentPid();
      process.kill(pid, 'SIGKILL');
      await eventually('the agent is gone', () => !isRunning(pid));
    },
    cutPower: () =>
      eventually('everything is gone', () => {
        const pids = processesOf(folder);
        for (const pid of pids) kill(pid);
        return pids.length === 0;
      }).then(() => undefined),
    order: (point) => {
      orders += 1;
      if (point) writeFileSync(orderPath(crashFolder), JSON.stringify({ ...point, order: orders }));
      else rmSync(orderPath(crashFolder), { force: true });
    },
    takeWrites: () => {
      const text = readOrEmpty(writesPath(crashFolder));
      rmSync(writesPath(crashFolder), { force: true });
      return text.split('\n').filter(Boolean);
    },
    submit,
    deployNext: () => {
      version += 1;
      stage.write('version.txt', String(version));
      const path = join(stage.stackFolder, 'reeve.yaml');
      return { want: 'deploy', file: { path, text: readFileSync(path, 'utf8') } };
    },
    ended,
    make: async (wish) => {
      const change = await submit(wish);
      if (!change) return null;
      const end = await ended(change.id);
      if (end.state !== 'done') throw new Error(describeChange(end));
      return end;
    },
    close: async () => {
      rmSync(orderPath(crashFolder), { force: true });
      await ensureAgent();
      await stage.close();
      // Where a story failed there can be anything.
      for (const pid of processesOf(folder)) kill(pid);
    },
  };
};

/** Everything that a reader of a failed story wants to know of a change. */
export const describeChange = (change: Change): string => {
  const sentences = new Map(change.plan.steps.map((step) => [step.id, step.sentence]));
  const lines = change.records.map(
    ({ step, event, words }) => `  ${event} ${step} ${sentences.get(step)}${words ? `: ${words}` : ''}`,
  );
  const error = change.error ? JSON.stringify(change.error, null, 1) : '';
  return [`change ${change.id} is ${change.state}: ${change.outcome}`, ...lines, error].join('\n');
};

/**
 * Live processes of a stage's stack, sorted: `web-1-blue program`, `web-1-blue shim`, and `web-1-blue child` for what a
 * program started.
 */
export const processesOfStack = ({ name, folder }: Pick<CrashStage, 'name' | 'folder'>): readonly string[] =>
  readEnvironments()
    .filter(({ variables }) => variables.get('REEVE_STACK') === name)
    .filter(({ variables }) => variables.get('REEVE_SHARED')?.startsWith(folder))
    .map(({ pid, variables }) => {
      // A shim has its program's variables, and the marker under another name.
      const isProgram = variables.has('REEVE_RUN') && readStat(pid)?.session === pid;
      const kind = isProgram ? 'program' : variables.has('REEVE_SHIM') ? 'shim' : 'child';
      return `${variables.get('REEVE_INSTANCE') ?? 'a job'} ${kind}`;
    })
    .toSorted();

/** Who answers on the stack's route: `release 3 from web-1-blue`, or the edge's own status. */
export const askRoute = ({ edgePort, name }: Pick<CrashStage, 'edgePort' | 'name'>): Promise<string> =>
  new Promise((resolve, reject) => {
    const sent = request(
      { port: edgePort, path: '/', headers: { host: `${name}.localhost` } },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve(response.statusCode === 200 ? text : `${response.statusCode}`));
      },
    );
    sent.once('error', reject);
    sent.end();
  });

const processesOf = (folder: string): readonly number[] =>
  readEnvironments()
    .filter(({ pid, variables }) => {
      const text = [...variables.values(), readOrEmpty(`/proc/${pid}/cmdline`)].join(' ');
      return pid !== process.pid && text.includes(folder);
    })
    .map(({ pid }) => pid);

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

const readEnvironments = () =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => readStat(pid)?.state !== 'Z')
    .map((pid) => {
      const pairs = readOrEmpty(`/proc/${pid}/environ`).split('\0');
      const variables = new Map(
        pairs.map((pair): [string, string] => {
          const at = pair.indexOf('=');
          return [pair.slice(0, at), pair.slice(at + 1)];
        }),
      );
      return { pid, variables };
    });

const readOrEmpty = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
};
