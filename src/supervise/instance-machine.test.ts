import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProbeAnswer } from '../model/health.ts';
import type { Health } from '../model/stack.ts';
import { step } from './instance-machine.ts';
import {
  IDLE,
  type InstanceCommand,
  type InstanceInput,
  type InstanceRules,
  type InstanceState,
} from './instance-state.ts';

const HEALTH: Health = {
  probe: { kind: 'tcp' },
  intervalMs: 1000,
  timeoutMs: 1000,
  passes: 1,
  failures: 3,
  settleMs: 500,
  withinMs: 10_000,
  progressExtends: true,
};
const NOW = 1_000_000;

const answer = (state: ProbeAnswer['state'], progress: number | null = null): ProbeAnswer => ({
  state,
  words: state,
  tookMs: 1,
  progress,
});

/**
 * One word per input. `up`, `down`: the driver's answer to a start. `gone`: its answer to a stop. `exit:3`, `kill`.
 * `ok`, `bad`, `degraded`, `booting`, `50%`: answers of the probe. `+30s` lets time pass.
 */
const inputOf = (word: string, run: number, now: number): InstanceInput => {
  const [name = '', value = ''] = word.split(':');
  const answered = (given: ProbeAnswer): InstanceInput => ({ input: 'probeAnswered', run, answer: given });
  if (name.endsWith('%')) return answered(answer('starting', Number(name.slice(0, -1)) / 100));
  switch (name) {
    case 'start':
      return { input: 'startAsked' };
    case 'up':
      return { input: 'started', pid: 7, startedAt: now, isAdopted: false, age: 0 };
    case 'adopt':
      return { input: 'started', pid: 7, startedAt: now, isAdopted: true, age: Number(value) };
    case 'down':
      return { input: 'startFailed', code: 'run.program', words: 'no such file' };
    case 'exit':
      return { input: 'exited', exit: { code: Number(value), signal: null, at: now } };
    case 'late-exit':
      return { input: 'exited', exit: { code: 1, signal: null, at: now - 1 } };
    case 'kill':
      return { input: 'exited', exit: { code: null, signal: 'SIGKILL', at: now } };
    case 'found':
      return { input: 'foundEnded', exit: { code: Number(value), signal: null, at: now }, isRebooted: false };
    case 'rebooted':
      return { input: 'foundEnded', exit: { code: 0, signal: null, at: now }, isRebooted: true };
    case 'ok':
      return answered(answer('healthy'));
    case 'bad':
      return answered(answer('unhealthy'));
    case 'degraded':
      return answered(answer('degraded'));
    case 'old':
      return { input: 'probeAnswered', run: run - 1, answer: answer('healthy') };
    case 'waited':
      return { input: 'backoffElapsed' };
    case 'late':
      return { input: 'readinessElapsed' };
    case 'memory':
      return { input: 'memoryExceeded', words: 'used 2 MB, limit 1 MB' };
    case 'stop':
      return { input: 'stopAsked' };
    case 'gone':
      return { input: 'stopDone', exit: { code: null, signal: 'SIGTERM', at: now } };
    case 'stuck':
      return { input: 'stopFailed', words: 'pid 7 is in D state' };
    case 'gate':
      return { input: 'gateOpened' };
    case 'ungate':
      return { input: 'gateClosed' };
    case 'watch':
      return { input: 'watchOpened' };
    case 'unwatch':
      return { input: 'watchClosed' };
    default:
      throw new Error(`no such input: ${word}`);
  }
};

const wordOf = (command: InstanceCommand): string | null => {
  switch (command.do) {
    case 'set-timer':
      return `${command.timer}:${command.ms}`;
    case 'publish':
      if (command.news.event === 'health.changed') return command.news.to;
      if (command.news.event !== 'instance.exited') return command.news.event.split('.')[1]!;
      return command.news.willRestartAt === null ? 'exited' : 'exited+';
    case 'start-run':
    case 'stop-run':
    case 'verify-run':
      return command.do;
    case 'probe':
    case 'stop-probing':
    case 'clear-timer':
      return null;
  }
};

const play = (script: string, rules: InstanceRules): { state: InstanceState; order: string } => {
  let state = IDLE;
  let at = 0;
  const order: string[] = [];
  for (const word of script.split(' ')) {
    const span = /^\+(\d+)s$/.exec(word);
    if (span) {
      at += Number(span[1]) * 1000;
      continue;
    }
    const moment = { at, now: NOW + at, jitter: 0 };
    const next = step(state, inputOf(word, state.run, NOW + at), rules, moment);
    state = next.state;
    order.push(...next.commands.map(wordOf).filter((one) => one !== null));
  }
  return { state, order: order.join(' ') };
};

type Scenario = readonly [title: string, script: string, order: string, phase: InstanceState['phase']];

const ALWAYS: readonly Scenario[] = [
  ['starts when it is asked to', 'start up', 'start-run started readiness:10000 starting', 'running'],
  [
    'starts once when it is asked twice',
    'start start up start',
    'start-run started readiness:10000 starting',
    'running',
  ],
  [
    'is healthy when its probe says so',
    'start up ok',
    'start-run started readiness:10000 starting healthy',
    'running',
  ],
  [
    'stays starting when the probe fails before it was ever healthy',
    'start up bad bad bad bad',
    'start-run started readiness:10000 starting',
    'running',
  ],
  [
    'ignores an answer when it is about the run before',
    'start up old',
    'start-run started readiness:10000 starting',
    'running',
  ],
  [
    'waits before the next start when a fresh run exits',
    'start up exit:3',
    'start-run started readiness:10000 starting exited+ backoff:500 unhealthy',
    'waiting',
  ],
  [
    'starts again when the back-off has elapsed',
    'start up exit:0 waited up',
    'start-run started readiness:10000 starting exited+ backoff:500 unhealthy start-run started readiness:10000 starting',
    'running',
  ],
  [
    'starts again at once when a steady run is killed',
    'start up ok +30s kill',
    'start-run started readiness:10000 starting healthy exited+ start-run unhealthy',
    'launching',
  ],
  [
    'waits longer each time when it keeps failing',
    'start up kill waited up kill waited down',
    'start-run started readiness:10000 starting exited+ backoff:500 unhealthy start-run started readiness:10000 starting exited+ backoff:1000 unhealthy start-run backoff:2000',
    'waiting',
  ],
  [
    'is started when it is asked for during back-off',
    'start up kill start',
    'start-run started readiness:10000 starting exited+ backoff:500 unhealthy start-run',
    'launching',
  ],
  [
    'handles an end when it comes before the answer to the start',
    'start exit:3 up',
    'start-run started readiness:10000 exited+ backoff:500 unhealthy',
    'waiting',
  ],
  [
    'asks the driver when the end of a run is older than the run',
    'start up late-exit',
    'start-run started readiness:10000 starting verify-run',
    'running',
  ],
  [
    'is replaced when it is unhealthy three times in a row',
    'start up ok bad bad bad gone',
    'start-run started readiness:10000 starting healthy stop-run unhealthy exited+ backoff:500',
    'waiting',
  ],
  [
    'is left alone when its bad answers are not in a row',
    'start up ok bad bad ok bad bad',
    'start-run started readiness:10000 starting healthy',
    'running',
  ],
  [
    'is degraded and left alone when its probe says so',
    'start up ok degraded degraded degraded',
    'start-run started readiness:10000 starting healthy degraded',
    'running',
  ],
  [
    'is replaced when it is not ready in time',
    'start up bad late gone waited',
    'start-run started readiness:10000 starting stop-run unhealthy exited+ backoff:500 start-run',
    'launching',
  ],
  [
    'is left alone when it is degraded at its readiness deadline',
    'start up degraded late',
    'start-run started readiness:10000 starting degraded readiness:10000',
    'running',
  ],
  [
    'gets more time when its progress moves',
    'start up 50% 50% 60%',
    'start-run started readiness:10000 starting readiness:10000 readiness:10000',
    'running',
  ],
  [
    'is replaced when it is over its memory limit',
    'start up ok +30s memory gone',
    'start-run started readiness:10000 starting healthy stop-run unhealthy exited+ start-run',
    'launching',
  ],
  [
    'stops when it is asked to',
    'start up ok stop gone',
    'start-run started readiness:10000 starting healthy stop-run exited unknown',
    'idle',
  ],
  [
    'tells its end once when the driver tells it too',
    'start up stop kill gone kill',
    'start-run started readiness:10000 starting stop-run exited unknown',
    'idle',
  ],
  [
    'stops what has come up when it is asked to during a start',
    'start stop up gone',
    'start-run stop-run exited',
    'idle',
  ],
  [
    'proves it gone when it is asked to stop during a start that fails',
    'start stop down gone',
    'start-run stop-run',
    'idle',
  ],
  [
    'proves the tree gone when it is stopped during back-off',
    'start up kill stop gone waited',
    'start-run started readiness:10000 starting exited+ backoff:500 unhealthy stop-run unknown',
    'idle',
  ],
  [
    'stays down when it is stopped while it is being replaced',
    'start up ok memory stop gone waited',
    'start-run started readiness:10000 starting healthy stop-run unhealthy exited unknown',
    'idle',
  ],
  [
    'may be stopped again when a stop failed',
    'start up stop stuck stop gone',
    'start-run started readiness:10000 starting stop-run unhealthy stop-run unknown',
    'idle',
  ],
  [
    'tries again when it could not be stopped for its replacement',
    'start up ok memory stuck waited',
    'start-run started readiness:10000 starting healthy stop-run unhealthy backoff:500 start-run',
    'launching',
  ],
  [
    'stays ended when it exits while a gate watches',
    'start up gate exit:0 waited ungate',
    'start-run started readiness:10000 starting exited unhealthy',
    'ended',
  ],
  [
    'is not replaced when it is unhealthy while a gate watches',
    'start up gate ok bad bad bad late',
    'start-run started readiness:10000 starting healthy unhealthy',
    'running',
  ],
  [
    'is not replaced when it is unhealthy while it is watched: its traffic goes first',
    'start up ok watch bad bad bad bad',
    'start-run started readiness:10000 starting healthy unhealthy',
    'running',
  ],
  [
    'is replaced when it is still unhealthy once it is watched no more',
    'start up ok watch bad bad bad unwatch bad',
    'start-run started readiness:10000 starting healthy unhealthy stop-run',
    'replacing',
  ],
  [
    'has to be ready in time again when the gate closes on it',
    'start up gate bad late ungate',
    'start-run started readiness:10000 starting readiness:10000',
    'running',
  ],
  [
    'is not started by the back-off when a gate has opened meanwhile',
    'start up kill gate waited',
    'start-run started readiness:10000 starting exited+ backoff:500 unhealthy',
    'ended',
  ],
  ['is unknown until it answers when it was adopted', 'adopt:40000', 'adopted readiness:10000', 'running'],
  [
    'starts again at once when it was adopted steady and is killed',
    'adopt:40000 kill',
    'adopted readiness:10000 exited+ start-run unhealthy',
    'launching',
  ],
  ['is started when it ended while no agent ran', 'found:1', 'exited+ start-run', 'launching'],
];

for (const [title, script, order, phase] of ALWAYS) {
  test(`instance ${title}`, () => {
    const played = play(script, { health: HEALTH, restart: 'always' });
    assert.equal(played.order, order);
    assert.equal(played.state.phase, phase);
  });
}

const POLICIES: readonly (readonly [
  title: string,
  restart: InstanceRules['restart'],
  script: string,
  phase: InstanceState['phase'],
])[] = [
  ['stays ended when it exits with 0 and restarts on failure', 'on-failure', 'start up exit:0', 'ended'],
  ['comes back when it exits with 1 and restarts on failure', 'on-failure', 'start up exit:1', 'waiting'],
  ['comes back when it is killed and restarts on failure', 'on-failure', 'start up kill', 'waiting'],
  [
    'comes back when it is replaced, whatever its exit code, and restarts on failure',
    'on-failure',
    'start up memory gone',
    'waiting',
  ],
  ['stays ended when it fails and never restarts', 'never', 'start up exit:1', 'ended'],
  ['stays up when it is unhealthy and never restarts', 'never', 'start up ok bad bad bad', 'running'],
  ['stays up when it is not ready in time and never restarts', 'never', 'start up bad late', 'running'],
  ['stays ended when it ended while no agent ran and never restarts', 'never', 'found:1', 'ended'],
  ['is started after a reboot when it never restarts', 'never', 'rebooted', 'launching'],
  ['starts again when it is asked to after it ended', 'never', 'start up exit:1 start', 'launching'],
];

for (const [title, restart, script, phase] of POLICIES) {
  test(`instance ${title}`, () => {
    assert.equal(play(script, { health: HEALTH, restart }).state.phase, phase);
  });
}

test('instance is healthy as soon as it runs when nothing probes it', () => {
  const { state, order } = play('start up', { health: { ...HEALTH, probe: null }, restart: 'always' });
  assert.equal(order, 'start-run started healthy');
  assert.equal(state.health.words, 'running');
});

test('instance counts restarts and remembers its last exit when it is started again', () => {
  const { state } = play('start up kill waited up exit:3 waited up', { health: HEALTH, restart: 'always' });
  assert.equal(state.restarts, 2);
  assert.equal(state.lastExit?.code, 3);
  assert.equal(state.pid, 7);
});

test('instance says when it will be back when it waits', () => {
  const { state } = play('start up +1s kill', { health: HEALTH, restart: 'always' });
  assert.equal(state.nextStartAt, NOW + 1000 + 500);
  assert.equal(state.pid, null);
  assert.equal(state.health.words, 'was killed by SIGKILL');
});
