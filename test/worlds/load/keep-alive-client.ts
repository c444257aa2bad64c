import { Agent } from 'node:http';
import { ask } from './ask.ts';
import type { LoadClient } from './load-client.ts';
import { expectSame } from './tally.ts';

/** Keeps one connection for GET, GET, POST; what is posted has to come back as it was. */
export const keepAliveClient = (name: string, pauseMs: number): LoadClient => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let posts = 0;
  return {
    pauseMs,
    turn: async (target, tally) => {
      for (const _ of [1, 2]) {
        await tally.count('GET', async () => {
          const answer = (await ask(target, { path: '/', agent })).toString();
          if (!/^release \d+$/.test(answer)) throw new Error(`answered ${JSON.stringify(answer)}`);
        });
      }
      posts += 1;
      await tally.count('POST', async () => {
        const send = Buffer.from(`${name}, post ${posts}, ${'x'.repeat(posts % 2000)}`);
        const answer = await ask(target, { path: '/echo', method: 'POST', agent, send });
        expectSame('the same body came back:', answer.equals(send), true);
      });
    },
    close: () => agent.destroy(),
  };
};
