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
    let isQueued = false;
    let isOutdated = false;
    patience.attempt();
    try {
      for await (const line of client.stream('followChange', given)) {
        patience.heard();
        // A queued change gets its plan when its turn comes, and a closed one its end: both are in a new first line.
        isOutdated = 'event' in line && (isQueued || line.event === 'change.closed');
        if (!isQueued || !isOutdated) yield line;
        if (isOutdated) break;
        if ('event' in line) continue;
        if (isEnded(line.change.state)) return;
        isQueued = line.change.state === 'queued';
      }
    } catch (error) {
      if (!isAgentLost(error)) throw error;
    }
    if (!isOutdated && !(await patience.wait())) throw agentGone(id);
  }
}

const agentGone = (id: number): Failure =>
  new Failure('agent.gone', `Cannot follow change ${id}: its agent went away and did not come back`, {
    why: 'the change stopped between two steps; the next agent finishes or undoes it',
    fix: `reeve agent start, then reeve changes follow ${id}`,
    retryable: true,
  });
