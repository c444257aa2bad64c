import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FollowLine } from '../api/wire.ts';
import { type Failure, Refusal } from '../model/error.ts';
import { aChange, aDoneChange, GOOD_RECORDS } from '../../test/worlds/cli-facts.ts';
import { FakeClock } from '../../test/worlds/fake-clock.ts';
import type { Client } from './client.ts';
import { followChange } from './follow-change.ts';
import { agentAbsent } from './lost-agent.ts';

type Attempt = readonly FollowLine[] | Error;

// Answers one attempt after the other; the last again and again. An attempt's lines end with a lost connection.
const scripted = (...attempts: readonly Attempt[]) => {
  let asked = 0;
  const client = {
    stream: async function* () {
      const attempt = attempts[Math.min(asked, attempts.length - 1)]!;
      asked += 1;
      if (attempt instanceof Error) throw attempt;
      yield* attempt;
    },
  } as unknown as Client;
  return { client, asked: () => asked };
};

const record: FollowLine = {
  event: 'step.recorded',
  at: 0,
  stack: 'shop',
  change: 7,
  record: GOOD_RECORDS[0]!,
};

const closed: FollowLine = {
  event: 'change.closed',
  at: 0,
  stack: 'shop',
  change: 7,
  state: 'done',
  sentence: 'Release 13 is live',
  error: null,
};

const follow = async (client: Client, clock: FakeClock, signal?: AbortSignal): Promise<string[]> => {
  const seen: string[] = [];
  for await (const line of followChange(client, 7, { clock, patienceMs: 30_000, signal })) {
    seen.push('event' in line ? line.event : line.change.state);
  }
  return seen;
};

const absent = agentAbsent('/run/reeve/agent.sock');

test('followChange ends with the whole change when it is closed', async () => {
  const { client } = scripted([{ change: aChange() }, record, closed], [{ change: aDoneChange() }]);
  assert.deepEqual(await follow(client, new FakeClock()), [
    'running',
    'step.recorded',
    'change.closed',
    'done',
  ]);
});

test('followChange gives one line when the change has ended before', async () => {
  const { client, asked } = scripted([{ change: aDoneChange() }]);
  assert.deepEqual(await follow(client, new FakeClock()), ['done']);
  assert.equal(asked(), 1);
});

test('followChange goes on when the agent is restarted meanwhile', async () => {
  const clock = new FakeClock();
  const { client, asked } = scripted(
    [{ change: aChange() }, record],
    absent,
    absent,
    [{ change: aChange() }, closed],
    [{ change: aDoneChange() }],
  );
  const following = follow(client, clock);
  await clock.advance(10_000);
  assert.deepEqual(await following, ['running', 'step.recorded', 'running', 'change.closed', 'done']);
  assert.equal(asked(), 5);
});

test('followChange gives up with agent.gone when no agent comes back in time', async () => {
  const clock = new FakeClock();
  const { client } = scripted([{ change: aChange() }], absent);
  const following = assert.rejects(
    follow(client, clock),
    (error: Failure) => error.report.code === 'agent.gone',
  );
  await clock.advance(40_000);
  await following;
  assert.equal(clock.pending, 0);
});

test('followChange counts its patience anew for each loss', async () => {
  const clock = new FakeClock();
  const { client } = scripted(
    ...Array.from({ length: 200 }, (_, at): Attempt => (at % 10 === 0 ? [{ change: aChange() }] : absent)),
    [{ change: aDoneChange() }],
  );
  const following = follow(client, clock);
  await clock.advance(600_000);
  assert.equal((await following).at(-1), 'done');
});

test('followChange asks for the whole change again when the turn of a queued one has come', async () => {
  const opened: FollowLine = {
    event: 'change.opened',
    at: 0,
    stack: 'shop',
    change: 7,
    sentence: 'Deploy release 14',
  };
  const { client, asked } = scripted(
    [{ change: aChange({ state: 'queued' }) }, opened, record],
    [{ change: aChange() }, record, closed],
    [{ change: aDoneChange() }],
  );
  assert.deepEqual(await follow(client, new FakeClock()), [
    'queued',
    'running',
    'step.recorded',
    'change.closed',
    'done',
  ]);
  assert.equal(asked(), 3);
});

test('followChange throws what the agent refuses, at once', async () => {
  const { client, asked } = scripted(new Refusal('change.unknown', 'Cannot find change 7'));
  await assert.rejects(follow(client, new FakeClock()), Refusal);
  assert.equal(asked(), 1);
});

test('followChange ends its wait when it is aborted', async () => {
  const clock = new FakeClock();
  const interrupting = new AbortController();
  const { client } = scripted([{ change: aChange() }], absent);
  const following = assert.rejects(follow(client, clock, interrupting.signal), { name: 'AbortError' });
  await clock.advance(100);
  interrupting.abort();
  await following;
  assert.equal(clock.pending, 0);
});
