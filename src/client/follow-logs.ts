import type { LogsQuery } from '../api/wire.ts';
import type { Name } from '../model/names.ts';
import type { LogLine } from '../ports/log-book.ts';
import type { Client } from './client.ts';
import { isAgentLost } from './lost-agent.ts';
import { createPatience, type PatienceOptions } from './patience.ts';

// The time of a line is known to about a second; what this asks for again is dropped by its offset.
const OVERLAP_MS = 5_000;

/**
 * The lines of a stack's programs as they come, each once, also over a restart of the agent: programs write their files
 * by themselves, so nothing is missing after it. Throws when the agent stays away for `patienceMs`.
 */
export async function* followLogs(
  client: Client,
  stack: Name,
  query: Partial<LogsQuery>,
  options: PatienceOptions,
): AsyncGenerator<LogLine, void, undefined> {
  const { signal } = options;
  const patience = createPatience(options);
  const lastOffsets = new Map<string, number>();
  let asked: Partial<LogsQuery> = { ...query, follow: true };
  let lastAt: number | null = null;
  while (true) {
    let lost: unknown = null;
    patience.attempt();
    try {
      const given = { params: { stack }, query: asked, ...(signal ? { signal } : {}) };
      for await (const line of client.stream('logs', given)) {
        patience.heard();
        const file = `${line.instance}.${line.stream}`;
        if (line.offset <= (lastOffsets.get(file) ?? -1)) continue;
        lastOffsets.set(file, line.offset);
        lastAt = line.at ?? lastAt;
        yield line;
      }
    } catch (error) {
      if (!isAgentLost(error)) throw error;
      lost = error;
    }
    if (!(await patience.wait())) {
      if (lost) throw lost;
      return;
    }
    if (lastAt !== null) asked = { ...asked, tail: null, since: lastAt - OVERLAP_MS };
  }
}
