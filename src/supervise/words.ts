// Facts in the words people read. Pure.
import { Failure } from '../model/error.ts';
import type { Exit } from '../model/health.ts';
import type { Command, Probe } from '../model/stack.ts';

/** `exited with code 3`, `was killed by SIGTERM`, `was killed for memory, its limit was reached`. */
export const exitWords = (exit: Exit): string => {
  if (exit.ranOutOfMemory) return outOfMemoryWords(exit);
  if (exit.signal !== null) return `was killed by ${exit.signal}`;
  if (exit.code !== null) return `exited with code ${exit.code}`;
  return 'ended, and nobody saw how';
};

// One of its helpers may have been the one that was killed.
const outOfMemoryWords = ({ code }: Exit): string =>
  code === null
    ? 'was killed for memory, its limit was reached'
    : `exited with code ${code} after a process of it was killed for memory, its limit was reached`;

export const commandWords = (command: Command): string => command.argv.join(' ');

/** What an answer has to be, for the end of "..., <expected> required" and the like. */
export const expectedWords = (probe: Probe | null): string => {
  switch (probe?.kind) {
    case 'http':
      return probe.expectStatus === null ? 'expected a 2xx status' : `expected status ${probe.expectStatus}`;
    case 'tcp':
      return 'expected an open port';
    case 'exec':
      return 'expected exit code 0';
    case 'log':
      return `expected a line that matches /${probe.pattern}/`;
    case undefined:
      return 'expected it to keep running';
  }
};

/** The agent stops while something waits for this: it is as if the agent had died, and the next one goes on. */
export const supervisionClosed = (what: string): Failure =>
  new Failure(
    'supervision.closed',
    `Cannot wait for "${what}": the agent is stopping, a running one is required`,
  );
