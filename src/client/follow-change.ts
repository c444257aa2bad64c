import type { FollowLine } from '../api/wire.ts';
import { isEnded } from '../model/change.ts';
import { Failure } from '../model/error.ts';
import type { Client } from './client.ts';
import { isAgentLost } from './lost-agent.ts';
import { createPatience, type PatienceOptions } from './patience.ts';

/**
 * Everything of a change until it is closed. The first line is the whole change so far, and so is the first after the
 * agent was lost and is back; the last line is always the whole change, ended.
 * Failure `agent.gone` when no agent came back within `patienceMs`; the change itself goes on with the next agent.
 */
export async function* followChange(
  client: Client,
  id: number,
  options: PatienceOptions,
): AsyncGenerator<FollowLine, void, undefined> {
  const given = { params: { id }, ...(options.signal ? { signal: options.signal } : {}) };
  const patience = createPatience(options);
  while (true) {
    let isClosed = false;
    patience.attempt();
    try {
      for await (const line of client.stream('followChange', given)) {
        patience.heard();
        yield line;
        if (!('event' in line) && isEnded(line.change.state)) return;
        // Asked once more, the first line is the whole change with its end.
        isClosed = 'event' in line && line.event === 'change.closed';
        if (isClosed) break;
      }
    } catch (error) {
      if (!isAgentLost(error)) throw error;
    }
    if (!isClosed && !(await patience.wait())) throw agentGone(id);
  }
}

const agentGone = (id: number): Failure =>
  new Failure('agent.gone', `Cannot follow change ${id}: its agent went away and did not come back`, {
    why: 'the change stopped between two steps; the next agent finishes or undoes it',
    fix: `reeve agent start, then reeve changes follow ${id}`,
    retryable: true,
  });
