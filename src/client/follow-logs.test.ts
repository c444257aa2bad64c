import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogsQuery } from '../api/wire.ts';
import { Refusal } from '../model/error.ts';
import type { LogLine } from '../ports/log-book.ts';
import { FakeClock } from '../../test/worlds/fake-clock.ts';
import type { Client } from './client.ts';
import { followLogs } from './follow-logs.ts';
import { agentAbsent } from './lost-agent.ts';

const line = (text: string, offset: number, parts: Partial<LogLine> = {}): LogLine => ({
  instance: 'web-1-blue',
  stream: 'out',
  at: 1_000_000 + offset,
  text,
  offset,
  ...parts,
});

test('followLogs gives each line once, and none twice, when the agent is restarted', async () => {
  const clock = new FakeClock();
  const queries: Partial<LogsQuery>[] = [];
  const attempts: readonly (readonly LogLine[] | Error)[] = [
    [line('one', 0), line('error', 0, { stream: 'err' }), line('two', 10)],
    agentAbsent('/run/reeve/agent.sock'),
    [line('one', 0), line('two', 10), line('error', 0, { stream: 'err' }), line('three', 20)],
    new Refusal('stack.unknown', 'Cannot find stack "shop"'),
  ];
  const client = {
    stream: async function* (_name: string, given: { readonly query: Partial<LogsQuery> }) {
      const attempt = attempts[queries.length]!;
      queries.push(given.query);
      if (attempt instanceof Error) throw attempt;
      yield* attempt;
    },
  } as unknown as Client;
  const seen: string[] = [];
  const following = (async () => {
    for await (const { text } of followLogs(client, 'shop', { tail: 5 }, { clock, patienceMs: 30_000 }))
      seen.push(text);
  })();
  const ended = assert.rejects(following, Refusal);
  await clock.advance(5_000);
  await ended;
  assert.deepEqual(seen, ['one', 'error', 'two', 'three']);
  assert.deepEqual(queries[0], { tail: 5, follow: true });
  assert.deepEqual(queries[2], { tail: null, since: 1_000_010 - 5_000, follow: true });
});
