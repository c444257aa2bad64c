// Keeps instances of services up, and knows whether they are good. It never learns how a program is run, or probed.
// This file: the life of one instance as a pure machine.
import type { Exit } from '../model/health.ts';
import { NO_FAILURE } from './backoff.ts';
import { probeAnswered, readinessElapsed } from './health-inputs.ts';
import { beginHealth } from './health-track.ts';
import {
  IDLE,
  type InstanceCommand,
  type InstanceInput,
  type InstanceRules,
  type InstanceState,
  type Moment,
  type Transition,
} from './instance-state.ts';
import { FIRST_PROBE_MS } from './probe-pace.ts';
import {
  and,
  awaitReadiness,
  clear,
  down,
  fall,
  launch,
  probe,
  probeSoon,
  QUIET,
  replace,
  tellExit,
  to,
  wantsRestart,
} from './transitions.ts';
import { exitWords } from './words.ts';

/** What `input` makes of the instance, and the commands to carry out, in order. An input that does not fit its phase changes nothing. */
export const step = (
  state: InstanceState,
  input: InstanceInput,
  rules: InstanceRules,
  moment: Moment,
): Transition => {
  const next = react(state, input, rules, moment);
  const [from, to] = [state.health.state, next.state.health.state];
  if (from === to) return next;
  const news = { event: 'health.changed', from, to, words: next.state.health.words } as const;
  return { state: next.state, commands: [...next.commands, { do: 'publish', news }] };
};

const react: typeof step = (state, input, rules, moment) => {
  switch (input.input) {
    case 'startAsked':
      return startAsked(state);
    case 'started':
      return started(state, input, rules, moment);
    case 'startFailed':
      return startFailed(state, input, rules, moment);
    case 'exited':
      return exited(state, input, rules, moment);
    case 'foundEnded':
      return foundEnded(state, input, rules, moment);
    case 'probeWanted':
      return state.phase === 'running' && rules.health.probe ? to(state, {}, probe(0)) : to(state);
    case 'probeAnswered':
      return probeAnswered(state, input, rules, moment);
    case 'backoffElapsed':
      return backoffElapsed(state);
    case 'readinessElapsed':
      return readinessElapsed(state, rules);
    case 'memoryExceeded':
      return state.phase === 'running' ? replace(state, input.words) : to(state);
    case 'stopAsked':
      return stopAsked(state);
    case 'stopDone':
      return stopDone(state, input.exit, rules, moment);
    case 'stopFailed':
      return stopFailed(state, input.words, rules, moment);
    case 'gateOpened':
      return to({ ...state, gates: state.gates + 1 }, {}, ...probeSoon(state, rules));
    case 'gateClosed':
      return gateClosed(state, rules);
    case 'watchOpened':
      return to({ ...state, watches: state.watches + 1 }, {}, ...probeSoon(state, rules));
    case 'watchClosed':
      return to({ ...state, watches: state.watches - 1 });
  }
};

const startAsked = (state: InstanceState): Transition => {
  if (state.phase !== 'idle' && state.phase !== 'waiting' && state.phase !== 'ended') return to(state);
  return launch({ ...state, backoff: NO_FAILURE }, state.run === 0 ? 0 : state.restarts + 1);
};

const started = (
  state: InstanceState,
  input: Extract<InstanceInput, { input: 'started' }>,
  rules: InstanceRules,
  moment: Moment,
): Transition => {
  // Stopped while the driver was still starting it: what has come up goes down again.
  if (state.phase === 'stopping' && state.isLaunching) {
    return to(state, { isLaunching: false, isUp: true, pid: input.pid }, { do: 'stop-run' });
  }
  if (state.phase !== 'launching' && !(input.isAdopted && state.phase === 'idle')) return to(state);
  const up: InstanceState = {
    ...state,
    phase: 'running',
    run: state.run + 1,
    pid: input.pid,
    startedAt: input.startedAt,
    upSince: moment.at - input.age,
    health: beginHealth(rules.health, moment.at, input.isAdopted ? input.age : null),
    reason: null,
    startError: null,
    isLaunching: false,
    isUp: true,
    untoldExit: null,
  };
  const event = input.isAdopted ? 'instance.adopted' : 'instance.started';
  const birth = to(
    up,
    {},
    { do: 'publish', news: { event, pid: input.pid ?? 0 } },
    ...(rules.health.probe ? [probe(input.isAdopted ? moment.jitter * 1000 : FIRST_PROBE_MS)] : []),
    ...awaitReadiness(up, rules),
  );
  return state.untoldExit ? and(birth, exited(up, { exit: state.untoldExit }, rules, moment)) : birth;
};

const startFailed = (
  state: InstanceState,
  input: { readonly code: string; readonly words: string },
  rules: InstanceRules,
  moment: Moment,
): Transition => {
  // Nothing came up, or a part of it: the stop proves which.
  if (state.phase === 'stopping' && state.isLaunching) {
    return to(state, { isLaunching: false }, { do: 'stop-run' });
  }
  if (state.phase !== 'launching') return to(state);
  const startError = { code: input.code, words: input.words };
  const unstarted = { ...state, isLaunching: false, untoldExit: null, startError };
  return fall(unstarted, `did not start: ${input.words}`, rules, moment);
};

const exited = (
  state: InstanceState,
  { exit, isCertain = false }: { readonly exit: Exit; readonly isCertain?: boolean },
  rules: InstanceRules,
  moment: Moment,
): Transition => {
  // Told when the driver has answered, together with what follows.
  if (state.phase === 'launching' || state.phase === 'replacing' || state.phase === 'stopping') {
    return to(state, { untoldExit: exit });
  }
  if (state.phase !== 'running') return to(state);
  // News of the run before that came late, or a clock that was set back: the two can not be told apart from here.
  if (!isCertain && exit.at < (state.startedAt ?? 0)) return to(state, {}, { do: 'verify-run', exit });
  return fall(state, exitWords(exit), rules, moment, exit);
};

// An end that nobody saw counts as a failure; but whoever does not restart is started again after a reboot.
const foundEnded = (
  state: InstanceState,
  input: { readonly exit: Exit; readonly isRebooted: boolean },
  rules: InstanceRules,
  moment: Moment,
): Transition => {
  if (state.phase !== 'idle') return to(state);
  const found = { ...state, lastExit: input.exit };
  const isWanted = input.isRebooted || wantsRestart(rules, input.exit);
  const willRestartAt = isWanted ? moment.now : null;
  const tell: InstanceCommand = {
    do: 'publish',
    news: { event: 'instance.exited', exit: input.exit, willRestartAt },
  };
  if (isWanted) return and(to(found, {}, tell), launch(found, found.restarts + 1));
  return to(
    found,
    { phase: 'ended', ...down(found, exitWords(input.exit), input.exit, input.exit.code === 0) },
    tell,
  );
};

const backoffElapsed = (state: InstanceState): Transition => {
  if (state.phase !== 'waiting') return to(state);
  // A gate that is watching has refused it already, and wants to see why.
  return state.gates > 0
    ? to(state, { phase: 'ended', nextStartAt: null })
    : launch(state, state.restarts + 1);
};

const stopAsked = (state: InstanceState): Transition => {
  const stopping: InstanceState = { ...state, phase: 'stopping', nextStartAt: null };
  const quiet = [...QUIET, clear('backoff')];
  switch (state.phase) {
    case 'idle':
    case 'stopping':
      return to(state);
    case 'launching':
    case 'replacing':
      return to(stopping, {}, ...quiet);
    // Where the program has ended, something of its tree may be left.
    case 'running':
    case 'waiting':
    case 'ended':
      return to(stopping, {}, ...quiet, { do: 'stop-run' });
  }
};

const stopDone = (
  state: InstanceState,
  exit: Exit | null,
  rules: InstanceRules,
  moment: Moment,
): Transition => {
  const end = exit ?? state.untoldExit ?? { code: null, signal: null, at: moment.now };
  if (state.phase === 'stopping' && !state.isLaunching) {
    const told = {
      ...IDLE,
      run: state.run,
      restarts: state.restarts,
      gates: state.gates,
      watches: state.watches,
    };
    return state.isUp
      ? to({ ...told, lastExit: end }, {}, tellExit(end, null))
      : to(told, { lastExit: state.lastExit });
  }
  if (state.phase !== 'replacing') return to(state);
  return fall({ ...state, lastExit: end }, state.reason ?? exitWords(end), rules, moment, end);
};

const stopFailed = (
  state: InstanceState,
  words: string,
  rules: InstanceRules,
  moment: Moment,
): Transition => {
  const reason = `could not be stopped: ${words}`;
  if (state.phase === 'stopping') return to(state, { phase: 'ended', ...down(state, reason, null) });
  return state.phase === 'replacing' ? fall(state, reason, rules, moment) : to(state);
};

const gateClosed = (state: InstanceState, rules: InstanceRules): Transition => {
  const open = { ...state, gates: state.gates - 1 };
  return open.gates === 0 && open.phase === 'running'
    ? to(open, {}, ...awaitReadiness(open, rules))
    : to(open);
};
