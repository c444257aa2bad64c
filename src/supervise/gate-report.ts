// Why a gate refused an instance, in words that lead to the fix. Pure.
import { formatDuration } from '../kit/format.ts';
import type { ErrorReport } from '../model/error.ts';
import type { Service } from '../model/stack.ts';
import type { DesiredInstance } from '../ports/store.ts';
import type { GateCause } from './gate.ts';
import type { ProbeNote } from './health-track.ts';
import type { InstanceState } from './instance-state.ts';
import { commandWords, exitWords, expectedWords } from './words.ts';

/** An address that a process of the instance listens on. */
export type Listening = { readonly address: string; readonly port: number };

/** A process of another run, `run` as `<stack>/<instance>`. */
export type Stranger = { readonly pid: number; readonly run: string };

export type GateFacts = {
  readonly cause: GateCause;
  /** Who answered in its place. */
  readonly stranger: Stranger | null;
  readonly service: Service;
  readonly desired: DesiredInstance;
  readonly state: InstanceState;
  /** How long the gate watched. */
  readonly tookMs: number;
  /** The last lines of this start's output, redacted. */
  readonly log: readonly string[];
  /** Of its whole tree; null where nobody could look. */
  readonly listening: readonly Listening[] | null;
};

type Account = {
  readonly code: string;
  /** Current value and what is required. */
  readonly fact: string;
  readonly why: string;
  readonly fix: string;
};

/** The refusal as an error report: cause, transcript, exit code, last log lines, fix. */
export const describeRefusal = (facts: GateFacts): ErrorReport => {
  const { service, desired, state } = facts;
  const account = accountOf(facts);
  const replica = service.replicas > 1 ? ` (replica ${desired.slot})` : '';
  return {
    kind: 'failure',
    code: account.code,
    message: `Cannot start "${service.name}"${replica}: ${account.fact}`,
    why: account.why,
    fix: account.fix,
    transcript: state.health.notes.map((note) => transcriptLine(note, state.upSince ?? note.firstAt)),
    log: facts.log,
    exit: 1,
  };
};

const accountOf = (facts: GateFacts): Account => {
  const { state } = facts;
  const name = facts.service.name;
  const reason = state.reason ?? 'ended';
  switch (facts.cause) {
    case 'start-failed':
      return {
        code: 'gate.start-failed',
        fact: state.startError?.words ?? reason,
        why: 'the program could not be started at all',
        fix: `correct services.${name}.run in the stack file`,
      };
    case 'stopped':
      return {
        code: 'gate.stopped',
        fact: 'it was stopped while its gate was watching, it has to run until then',
        why: 'somebody took this instance off the list of what is to run',
        fix: 'deploy again',
      };
    case 'exited':
      return {
        code: 'gate.exited',
        fact: `it ${reason} before it ${facts.service.health.probe ? 'was ready' : 'had settled'}, it has to keep running`,
        why: `the process ${fallWords(state)}`,
        fix: exitFix(state, name),
      };
    case 'died-after-ready':
      return {
        code: 'gate.died-after-ready',
        fact: `it was ready and then ${reason}, it has to stay healthy for ${formatDuration(facts.service.health.settleMs)}`,
        why: `the process answered its probe and then ${fallWords(state)}`,
        fix: exitFix(state, name),
      };
    case 'degraded':
      return {
        code: 'gate.degraded',
        fact: `degraded for ${formatDuration(facts.tookMs)}, healthy is required`,
        why: `the process answers, and calls itself degraded: ${state.health.words}`,
        fix: `resolve what it reports, or raise services.${name}.health.within where it only needs longer`,
      };
    case 'stranger':
      return strangerAnswered(facts);
    case 'never-ready':
      return neverReady(facts);
  }
};

const strangerAnswered = ({ stranger, service, desired }: GateFacts): Account => ({
  code: 'gate.stranger',
  fact: `process ${stranger?.pid} of "${stranger?.run}" answers on port ${desired.port}, an answer of its own is required`,
  why: `the process runs, but nothing of it listens on port ${desired.port}, and another program took it first`,
  fix: `deploy again for another port, or end process ${stranger?.pid} where services.${service.name}.port is set`,
});

const neverReady = (facts: GateFacts): Account => {
  const { service, state, desired, listening } = facts;
  const { probe } = service.health;
  const answer = state.health.lastAnswer;
  const needsPort = probe?.kind === 'http' || probe?.kind === 'tcp';
  const refused = answer?.cause === 'refused' && needsPort && desired.port !== null;
  const own = { code: 'gate.never-ready', fact: neverReadyFact(facts) };
  if (refused && listening && listening.length > 0) return wrongPort(facts, listening);
  if (refused) {
    return {
      ...own,
      why: `the process runs, but nothing listens on port ${desired.port}`,
      fix: `check that it listens on $PORT, or raise services.${service.name}.health.within where it needs longer`,
    };
  }
  if (answer?.cause === 'no-answer') {
    return {
      ...own,
      why: `the process runs and gave no answer to its probe within ${formatDuration(service.health.timeoutMs)}`,
      fix: `look for what keeps it from answering, or raise services.${service.name}.health.timeout`,
    };
  }
  if (state.health.wasHealthy) {
    return {
      ...own,
      why: `it was ready and did not stay so: ${answer?.words ?? state.health.words}`,
      fix: 'look at the transcript for when it stopped answering, and at its log for why',
    };
  }
  return {
    ...own,
    why: `the process runs, and its last answer was: ${answer?.words ?? 'none'}`,
    fix:
      probe?.kind === 'http'
        ? `let it answer ${probe.path} as expected once it is ready, or set services.${service.name}.health.http to a path that does`
        : `correct services.${service.name}.health, or raise its "within" where the program only needs longer`,
  };
};

const wrongPort = ({ service, desired, ...facts }: GateFacts, listening: readonly Listening[]): Account => {
  const there = listening.map(({ address, port }) => `${address}:${port}`).join(', ');
  const isOwnPort = listening.some(({ port }) => port === desired.port);
  return {
    code: 'gate.wrong-port',
    fact: neverReadyFact({ service, desired, ...facts }),
    why: `the process listens on ${there}, and not on 127.0.0.1:${desired.port}`,
    fix: isOwnPort
      ? `make it listen on 127.0.0.1 or 0.0.0.0`
      : `make it listen on $PORT (${desired.port}), or set services.${service.name}.port to the port it takes`,
  };
};

const neverReadyFact = ({ service, desired, state, tookMs }: GateFacts): string => {
  const { probe } = service.health;
  const answer = state.health.lastAnswer;
  const within = formatDuration(tookMs);
  switch (probe?.kind) {
    case 'http':
      return answer?.cause === 'wrong-answer'
        ? `${probe.path} answered ${answer.words}`
        : `no answer on ${probe.path} within ${within}, ${expectedWords(probe)}`;
    case 'tcp':
      return `port ${desired.port} did not open within ${within}, an open port is required`;
    case 'exec':
      return `"${commandWords(probe.command)}" did not succeed within ${within}, ${expectedWords(probe)}`;
    case 'log':
      return `no such line of output within ${within}, ${expectedWords(probe)}`;
    case undefined:
      return `not healthy within ${within}, ${expectedWords(null)}`;
  }
};

const fallWords = (state: InstanceState): string => {
  const exit = state.lastExit;
  if (!exit) return state.reason ?? 'ended';
  const after =
    state.startedAt === null ? '' : ` ${formatDuration(exit.at - state.startedAt)} after its start`;
  const own = exitWords(exit);
  // Brought down by supervision: its reason first, then how it ended.
  const because = state.reason !== null && state.reason !== own ? `, because: ${state.reason}` : '';
  return `${own}${after}${because}`;
};

// sh(1): 126 is a command that can not be executed, 127 one that was not found.
const exitFix = (state: InstanceState, name: string): string => {
  if (state.lastExit?.code === 127) return `correct services.${name}.run: its command was not found`;
  if (state.lastExit?.code === 126) return `correct services.${name}.run: its command may not be executed`;
  if (state.lastExit?.ranOutOfMemory) {
    return `raise services.${name}.limits.memory, or see what of its work needs that much`;
  }
  if (state.lastExit?.signal === 'SIGKILL') {
    return `look for an out-of-memory kill (dmesg), and at services.${name}.limits.memory`;
  }
  return 'correct what its last lines report, then deploy again';
};

const transcriptLine = (note: ProbeNote, begin: number): string => {
  const state = note.state === 'unhealthy' || note.state === 'healthy' ? '' : `${note.state}: `;
  const again =
    note.times === 1 ? '' : ` (${note.times} times, until +${formatDuration(note.lastAt - begin)})`;
  return `+${formatDuration(note.firstAt - begin)}  ${state}${note.words}${again}`;
};
