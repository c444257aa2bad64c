// Opens what the agent remembers. Where that is lost, it is put together anew from what is on disk and running, before
// anybody could take an empty memory for a host without stacks.
import { basename } from 'node:path';
import { readEnvironment } from '../kit/process-environment.ts';
import { isAlive } from '../kit/process-identity.ts';
import { realClock as clock } from '../kit/real-clock.ts';
import { isReported } from '../model/error.ts';
import { databasePath, type Layout } from '../model/layout.ts';
import { instanceId, type InstancePlace, type Name, parseInstanceId } from '../model/names.ts';
import type { Release } from '../model/release.ts';
import type { Driver, RunFact } from '../ports/driver.ts';
import type { Edge } from '../ports/edge.ts';
import type { Environments } from '../ports/environments.ts';
import type { Redactor } from '../ports/redactor.ts';
import type { ReleaseDisk } from '../ports/release-disk.ts';
import type { Rebuilt, Store } from '../ports/store.ts';
import { describeRebuilt, writeRebuilt } from '../recovery/write-rebuilt.ts';
import { type RebuiltStack, rebuildStack } from '../recovery/rebuild-stack.ts';
import type { FoundRun } from '../recovery/stack-facts.ts';
import { readStacksOnDisk, type StackOnDisk } from '../releases/stacks-on-disk.ts';
import { openStore } from '../store/open-store.ts';
import { knowsNothing, openSoundStore, refillStore, setAside } from '../store/recover.ts';

export type MemoryHands = {
  readonly layout: Layout;
  readonly redactor: Redactor;
  readonly driver: Driver;
  readonly edge: Edge;
  readonly releaseDisk: ReleaseDisk;
  readonly environments: Environments;
};

export type Memory = { readonly store: Store; readonly rebuilt: Rebuilt | null };

/** Refusal `store.newer`; Failures `store.unusable`, `store.full`: then the database is as it was. */
export const openMemory = async (hands: MemoryHands): Promise<Memory> => {
  const path = databasePath(hands.layout);
  const options = { redactor: hands.redactor, isAlive, clock };
  const { store, why } = openOrExplain(path, options);
  if (store && !knowsNothing(store)) return { store, rebuilt: null };
  const onDisk = readStacksOnDisk(hands.layout);
  if (store && onDisk.length === 0) return { store, rebuilt: null };
  store?.close();
  // All that is to be known first: a crash from here on leaves an empty memory, which is filled by the next agent.
  const now = clock.now();
  const runs = await hands.driver.observe(null);
  const stacks = await Promise.all(onDisk.map((found) => rebuild(hands, found, runs, now)));
  const aside = why === null ? null : setAside(path, now);
  const rebuilt = describeRebuilt(stacks, { why, setAside: aside && basename(aside), at: now });
  refillStore(path, options, {
    fill: (fresh) => writeRebuilt(fresh, stacks, rebuilt),
    lastChange: Math.max(0, ...onDisk.map(({ lastChange }) => lastChange)),
  });
  return { store: openStore(path, options), rebuilt };
};

const openOrExplain = (
  ...args: Parameters<typeof openSoundStore>
): { readonly store: Store | null; readonly why: string | null } => {
  try {
    return { store: openSoundStore(...args), why: null };
  } catch (error) {
    if (!isReported(error) || error.report.code !== 'store.damaged') throw error;
    return { store: null, why: error.report.message };
  }
};

const rebuild = async (
  hands: MemoryHands,
  { stack, releases, unreadable }: StackOnDisk,
  runs: readonly RunFact[],
  now: number,
): Promise<RebuiltStack> => {
  const { edge } = hands;
  const candidates = releases.map(
    (release) => ({ ...release, state: 'candidate', stateReason: null }) as const,
  );
  const fingerprint = createFingerprints(hands, candidates);
  const found = runs
    .filter(({ ref }) => ref.stack === stack)
    .flatMap((fact) => {
      const place = parseInstanceId(fact.ref.id);
      return place ? [recognise(hands, fact, place, candidates)] : [];
    });
  const [site, flags] = [await edge.site(stack), await edge.flags(stack)];
  return rebuildStack({ stack, releases, unreadable, runs: found, site, flags, fingerprint }, now);
};

// A running program says what it was started as; of one that ended, the fingerprint of its record does.
const recognise = (
  hands: MemoryHands,
  fact: RunFact,
  place: InstancePlace,
  releases: readonly Release[],
): FoundRun => {
  const env = fact.state === 'running' && fact.process ? readEnvironment(fact.process.pid) : null;
  const isOwn = env?.REEVE_STACK === fact.ref.stack && env.REEVE_INSTANCE === instanceId(place);
  const port = isOwn ? wholeNumber(env.PORT) : null;
  const said = isOwn ? wholeNumber(env.REEVE_RELEASE) : null;
  const release = said ?? releases.findLast((each) => isRunOf(hands, fact, place, each))?.id ?? null;
  return { place, release, port, startedAt: fact.startedAt };
};

const isRunOf = (
  { releaseDisk }: MemoryHands,
  { fingerprint }: RunFact,
  place: InstancePlace,
  release: Release,
): boolean => {
  try {
    const row = { ...place, release: release.id, fingerprint: '', port: null, warmUntil: null };
    return releaseDisk.describeInstance(release, row).spec.fingerprint === fingerprint;
  } catch {
    // It has no such service, or its environment can not be read: then it does not say whose run this is.
    return false;
  }
};

const createFingerprints = (
  { environments }: MemoryHands,
  releases: readonly Release[],
): ((release: number, service: Name) => string) => {
  const known = new Map(
    releases.map((release) => {
      try {
        return [release.id, environments.ofRelease(release)];
      } catch (error) {
        if (!isReported(error)) throw error;
        return [release.id, {}];
      }
    }),
  );
  return (release, service) => known.get(release)?.[service] ?? '';
};

const wholeNumber = (text: string | undefined): number | null =>
  text !== undefined && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : null;
