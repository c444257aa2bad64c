// Answers by script instead of asking anybody. Time passes on the clock it is given.
import type { ProbeAnswer } from '../../src/model/health.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Prober, ProbeTarget } from '../../src/ports/prober.ts';

/** `silent`: no answer until the time-out. */
export type FakeAnswer = Partial<ProbeAnswer> | 'silent';

/** `times` counts the probes of this target's port (or folder, where it has none) from 1. */
export type ProbeScript = (target: ProbeTarget, times: number) => FakeAnswer;

export class FakeProber implements Prober {
  /** How many probes of each port or folder were begun. */
  readonly asked = new Map<string, number>();
  /** The most probes of one port or folder that were ever under way at once. */
  mostAtOnce = 0;
  readonly #underWay = new Map<string, number>();
  readonly #clock: Clock;
  /** May be set anew at any time. */
  script: ProbeScript;

  constructor(clock: Clock, script: ProbeScript = () => ({ state: 'healthy' })) {
    this.#clock = clock;
    this.script = script;
  }

  async probe(target: ProbeTarget, signal?: AbortSignal): Promise<ProbeAnswer> {
    const key = String(target.port ?? target.workingFolder);
    const times = (this.asked.get(key) ?? 0) + 1;
    this.asked.set(key, times);
    const underWay = (this.#underWay.get(key) ?? 0) + 1;
    this.#underWay.set(key, underWay);
    this.mostAtOnce = Math.max(this.mostAtOnce, underWay);
    const answer = completeAnswer(this.script(target, times), target.timeoutMs);
    try {
      await this.#clock.sleep(answer.tookMs, signal);
      return answer;
    } catch {
      return { state: 'unhealthy', words: 'the probe was called off', tookMs: 0, progress: null };
    } finally {
      this.#underWay.set(key, this.#underWay.get(key)! - 1);
    }
  }
}

const completeAnswer = (answer: FakeAnswer, timeoutMs: number): ProbeAnswer => {
  if (answer === 'silent') {
    const words = `no answer within ${timeoutMs} ms`;
    return { state: 'unhealthy', words, tookMs: timeoutMs, progress: null, cause: 'no-answer' };
  }
  const state = answer.state ?? 'healthy';
  return { state, words: state, tookMs: 1, progress: null, ...answer };
};
