import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { openClient } from '../../src/client/client.ts';
import type { Failure } from '../../src/model/error.ts';
import { openFakeAgent } from '../worlds/fake-agent.ts';

test('a call waits for as long as the agent says that it is there', async () => {
  const asked = Promise.withResolvers<void>();
  let asks = 0;
  await using agent = await openFakeAgent({
    metrics: () => asked.promise.then(() => 'at last'),
    agentStatus: () => {
      asks += 1;
      if (asks === 3) asked.resolve();
      return {} as never;
    },
  });
  const client = openClient({ socket: agent.socket, silenceMs: 300 });
  assert.match(await client.call('metrics'), /at last/);
  assert.equal(asks, 3);
});

test('a call fails when the agent has its socket and says nothing at all', async () => {
  await using agent = await openFakeAgent();
  const socket = join(agent.home, 'stopped.sock');
  const stopped = createServer();
  await once(stopped.listen(socket), 'listening');
  const client = openClient({ socket, silenceMs: 30 });
  await assert.rejects(client.call('agentStatus'), ({ report }: Failure) => {
    assert.deepEqual([report.code, report.exit], ['agent.silent', 69]);
    return true;
  });
  stopped.close();
});
