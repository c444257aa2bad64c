// The ways an agent can not be reached, told apart once, here.
import { Failure, isReported } from '../model/error.ts';

/** EX_UNAVAILABLE of sysexits.h. */
const NO_AGENT_EXIT = 69;

/** What a transport threw as an error of ours; ours, and what `signal` was aborted with, pass as they are. */
export const agentUnreachable = (error: unknown, socket: string, signal?: AbortSignal): unknown => {
  if (isReported(error)) return error;
  if (signal?.aborted) return signal.reason;
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ECONNREFUSED':
      return agentAbsent(socket, error);
    case 'EACCES':
    case 'EPERM':
      return new Failure(
        'agent.no-access',
        `Cannot reach the agent: no permission to use "${socket}", its group is required`,
        {
          fix: 'run the command as the user who started the agent, or join the group of that socket',
          exit: NO_AGENT_EXIT,
          cause: error,
        },
      );
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ECONNABORTED':
      return new Failure(
        'agent.hung-up',
        'Cannot finish the call: the agent ended the connection before it had answered',
        {
          why: 'it was stopped, replaced or killed meanwhile; a change that was accepted goes on when the agent is back',
          fix: 'reeve changes list',
          retryable: true,
          cause: error,
        },
      );
    default:
      return error;
  }
};

export const agentAbsent = (socket: string, cause?: unknown): Failure =>
  new Failure('agent.absent', `Cannot reach the agent: nothing answers on "${socket}"`, {
    fix: 'reeve agent start',
    retryable: true,
    exit: NO_AGENT_EXIT,
    cause,
  });

export const agentSilent = (socket: string, silenceMs: number): Failure =>
  new Failure(
    'agent.silent',
    `Cannot reach the agent: it has "${socket}" and has said nothing for ${(2 * silenceMs) / 1000} s, an answer is required`,
    {
      why: 'its process is stopped or hangs; what it runs goes on without it',
      fix: 'end its process, whose pid is in agent.json in the state folder, with kill -9; then reeve agent start',
      retryable: true,
      exit: NO_AGENT_EXIT,
    },
  );

export const agentNotUnderstood = (call: string, text: string, cause?: unknown): Failure =>
  new Failure(
    'agent.not-understood',
    `Cannot understand the answer to "${call}": ${JSON.stringify(text.slice(0, 200))}, JSON as of this version is required`,
    { fix: 'use a reeve of the same version as the agent: reeve version', cause },
  );

/** Whether asking again after a while can help: the agent is being replaced, or was killed and comes back. */
export const isAgentLost = (error: unknown): boolean =>
  isReported(error) && (error.report.code === 'agent.absent' || error.report.code === 'agent.hung-up');
