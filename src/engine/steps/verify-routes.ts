import type { EdgeAnswer, EdgeService } from '../../model/edge.ts';
import { Failure, wordsOf } from '../../model/error.ts';
import type { InstancePlace, Name } from '../../model/names.ts';
import { spanText } from '../../plan/wording.ts';
import { interruptionOf } from '../interruption.ts';
import { done, mayTouch, type StepContext, type StepExecutor } from '../step-context.ts';

const WITHIN_MS = 2_000;
const PAUSE_MS = 50;
/** For the header of one answer: a slow page is no reason to go back, and one that never comes must end. */
const ANSWER_MS = 30_000;

/** Asks the edge's public door until a copy that should have the traffic answers; which one is the edge's choice. */
export const verifyRoutes: StepExecutor<'verify-routes'> = {
  async execute(context, { expected }, held) {
    mayTouch(context, held);
    const site = await context.hands.edge.site(context.stack);
    const names = [...new Set(expected.map(({ service }) => service))];
    for (const name of names) {
      const service = site?.services.find((each) => each.service === name);
      if (!service) throw wrongAnswer(name, 'the edge has no route to it');
      const places = expected.filter((place) => place.service === name);
      await askUntilRight(context, service, places);
    }
    return done();
  },
};

const askUntilRight = async (
  context: StepContext,
  service: EdgeService,
  expected: readonly InstancePlace[],
): Promise<void> => {
  const { clock } = context.hands;
  const route = service.routes[0];
  if (!route) throw wrongAnswer(service.service, 'it has no route');
  // Any name below a wildcard host leads to the service.
  const host = route.host.replace(/^\*/, 'reeve');
  const deadline = clock.monotonic() + WITHIN_MS;
  for (;;) {
    context.signal.throwIfAborted();
    // It may have died a moment ago; whether it comes back is what is verified.
    await context.hands.edge.ensureRunning();
    const answer = await askOnce(context, host, route.path);
    if (typeof answer !== 'string' && isExpected(answer, expected)) return;
    if (clock.monotonic() >= deadline) throw wrongAnswer(`${host}${route.path}`, describe(answer));
    await clock.sleep(PAUSE_MS, context.signal);
  }
};

const askOnce = async (
  { hands, signal }: StepContext,
  host: string,
  path: string,
): Promise<EdgeAnswer | string> => {
  const patience = new AbortController();
  const cancel = hands.clock.timer(ANSWER_MS, () =>
    patience.abort(new Error(`no answer within ${spanText(ANSWER_MS)}`)),
  );
  try {
    return await hands.edge.ask(host, path, AbortSignal.any([signal, patience.signal]));
  } catch (error) {
    if (interruptionOf(signal)) throw error;
    return wordsOf(error);
  } finally {
    cancel();
  }
};

const isExpected = ({ servedBy }: EdgeAnswer, expected: readonly InstancePlace[]): boolean =>
  servedBy !== null &&
  expected.some(
    ({ service, slot, seat }) =>
      service === servedBy.service && slot === servedBy.slot && seat === servedBy.seat,
  );

const describe = (answer: EdgeAnswer | string): string => {
  if (typeof answer === 'string') return answer;
  const { servedBy, status } = answer;
  return servedBy
    ? `${servedBy.service}.${servedBy.slot} in ${servedBy.seat} answered with ${status}`
    : `the edge itself answered with ${status}`;
};

const wrongAnswer = (what: Name, now: string): Failure =>
  new Failure('verify.wrong-answer', `Cannot verify "${what}": ${now}, an answer of a new copy is required`, {
    fix: 'look at the edge: reeve edge routes',
    retryable: true,
  });
