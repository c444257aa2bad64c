import { instanceId, type InstancePlace } from '../../model/names.ts';
import type { UpstreamTraffic } from '../../model/edge.ts';
import type { ErrorReport } from '../../model/error.ts';
import type { Bake } from '../../model/stack.ts';
import { formatShare } from '../../kit/format.ts';
import { counted } from '../../plan/wording.ts';
import { done, mayTouch, refused, type StepContext, type StepExecutor } from '../step-context.ts';

/** From the beginning again after a crash: a release is watched in full, or not at all. */
export const bake: StepExecutor<'bake'> = {
  async execute(context, { release: id, places, forMs }, held) {
    const { store, supervision } = context.hands;
    mayTouch(context, held);
    const release = store.releases.get(context.stack, id);
    const isBad = release ? await watchTraffic(context, places, release.stack.bake) : async () => null;
    const outcome = await supervision.watch(context.stack, places, { forMs, isBad, signal: context.signal });
    context.signal.throwIfAborted();
    return outcome.outcome === 'good' ? done() : refused(bakeReport(id, outcome.reason, outcome.log));
  },
};

/** What the edge has counted for these places since now, as a reason to call them bad; null while there is none. */
const watchTraffic = async (
  { hands, stack }: StepContext,
  places: readonly InstancePlace[],
  limits: Bake,
): Promise<() => Promise<string | null>> => {
  const watched = new Set(places.map(instanceId));
  // An edge that can not say is no fault of the release: what it counts then is looked at a second later.
  const count = async (): Promise<Counts | null> => {
    try {
      return sum(await hands.edge.traffic(stack), watched);
    } catch (error) {
      hands.failed(`the traffic of "${stack}" could not be counted while its release is watched`, error);
      return null;
    }
  };
  // Workers have no traffic, and a stack of workers has no edge.
  if ((await hands.edge.site(stack)) === null) return async () => null;
  let before = (await count()) ?? NONE;
  return async () => {
    const now = await count();
    if (now === null) return null;
    // The edge was started anew and counts from zero.
    if (now.requests < before.requests) before = NONE;
    const requests = now.requests - before.requests;
    const bad = now.bad - before.bad;
    const share = requests === 0 ? 0 : Math.min(1, bad / requests);
    if (requests < limits.minRequests || share <= limits.maxErrorShare) return null;
    return `${bad} of ${counted(requests, 'request')} (${formatShare(share)}) were answered with an error, at most ${formatShare(limits.maxErrorShare)} may be`;
  };
};

type Counts = { readonly requests: number; readonly bad: number };

const NONE: Counts = { requests: 0, bad: 0 };

const sum = (traffic: readonly UpstreamTraffic[], watched: ReadonlySet<string>): Counts =>
  traffic
    .filter((upstream) => watched.has(instanceId(upstream)))
    .reduce(
      ({ requests, bad }, upstream) => ({
        requests: requests + upstream.requests,
        bad: bad + upstream.errors + upstream.failed,
      }),
      NONE,
    );

const bakeReport = (release: number, reason: string, log: readonly string[]): ErrorReport => ({
  kind: 'failure',
  code: 'bake.bad',
  message: `Cannot keep release ${release}: it turned bad while it was watched, ${reason}`,
  why: 'it passed its gate and had the traffic when this happened',
  fix: 'read what it said: reeve logs --since 5m',
  log,
  exit: 1,
});
