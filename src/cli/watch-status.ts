import { setTimeout as sleep } from 'node:timers/promises';
import type { StackStatus } from '../api/wire.ts';
import { isAgentLost } from '../client/lost-agent.ts';
import { EXIT } from './exit-code.ts';
import { openLiveArea } from './output/live-area.ts';
import { renderStatus } from './output/status.ts';
import { type Line, span } from './output/text.ts';
import type { Session } from './session.ts';

const REFRESH_MS = 1_000;
// Events come in bursts; this is as fast as eyes follow.
const SHORTEST_MS = 100;

/** Shows the stacks until Ctrl-C: redrawn in place on a terminal, elsewhere anew, under `--json` one value a line. */
export const watchStatus = async (
  session: Session,
  read: () => Promise<readonly StackStatus[]>,
): Promise<number> => {
  const { output, signal, world } = session;
  const { voice } = output;
  const area = !output.isJson && voice.screen.isTerminal ? openLiveArea(voice.screen, voice.paint) : null;
  const changes = openBell(session);
  let hasAnswered = false;
  let last: readonly Line[] = [];
  try {
    while (!signal.aborted) {
      try {
        const stacks = await read();
        hasAnswered = true;
        if (area) {
          last = renderStatus(stacks, world.now(), { ...voice, width: voice.screen.columns() });
          area.draw([...last, ...footer()]);
        } else output.answer(stacks, (to) => [...renderStatus(stacks, world.now(), to), []]);
      } catch (error) {
        // An agent that is being replaced comes back; one that never answered is an error.
        if (!hasAnswered || !isAgentLost(error)) throw error;
        area?.draw([[span('The agent does not answer; what it runs goes on. Waiting for it …', 'yellow')]]);
      }
      await sleep(SHORTEST_MS, undefined, { signal });
      await changes.next(REFRESH_MS - SHORTEST_MS);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    changes.close();
    // What was seen last stays, without the ^C that a terminal shows.
    area?.draw(last);
    area?.close();
  }
  return world.interrupted.aborted ? EXIT.interrupted : EXIT.done;
};

const footer = (): Line[] => [[], [span('Ctrl-C ends this; everything goes on running', 'dim')]];

type Bell = {
  /** Resolves at the next event, or after `ms`. */
  readonly next: (ms: number) => Promise<void>;
  readonly close: () => void;
};

const openBell = ({ client, signal }: Session): Bell => {
  const closing = new AbortController();
  const ending = AbortSignal.any([signal, closing.signal]);
  let ring = Promise.withResolvers<void>();
  const listen = async (): Promise<void> => {
    while (!ending.aborted) {
      try {
        for await (const _event of client.stream('events', { signal: ending })) {
          ring.resolve();
          ring = Promise.withResolvers();
        }
      } catch (error) {
        if (ending.aborted) return;
        // Without events the clock alone refreshes; the reading loop is the one that complains.
        if (!isAgentLost(error)) return;
      }
      await sleep(REFRESH_MS, undefined, { signal: ending }).catch(() => undefined);
    }
  };
  void listen();
  return {
    next: async (ms) => {
      const timer = new AbortController();
      await Promise.race([
        ring.promise,
        sleep(ms, undefined, { signal: AbortSignal.any([timer.signal, signal]) }),
      ]).finally(() => timer.abort());
    },
    close: () => closing.abort(),
  };
};
