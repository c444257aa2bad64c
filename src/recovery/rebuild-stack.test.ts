import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_FLAGS } from '../model/edge.ts';
import { type InstancePlace, type Name, parseInstanceId } from '../model/names.ts';
import { rebuildStack } from './rebuild-stack.ts';
import type { FoundRun, StackFacts } from './stack-facts.ts';
import { aRelease } from '../../test/worlds/release-builder.ts';
import { buildService, buildStack } from '../../test/worlds/stack-builder.ts';

const NOW = 1_000_000;
const ROUTES = [{ host: 'shop.localhost', path: '/', stripPath: false }];

const web = { ...buildService('web'), routes: ROUTES, replicas: 1 };
const worker = { ...buildService('worker'), routes: [], port: null, replicas: 1 };

const release = (id: number, services = [web, worker]) =>
  aRelease({ id, stack: buildStack(services, { warmMs: 0 }) });

const run = (id: string, of: number | null, parts: Partial<FoundRun> = {}): FoundRun => ({
  place: parseInstanceId(id) as InstancePlace,
  release: of,
  port: null,
  startedAt: 0,
  ...parts,
});

const SITE = {
  stack: 'shop',
  services: [
    { service: 'web', routes: ROUTES, slots: [{ slot: 1, blue: 20_001, green: 20_002 }], holdMs: 0 },
  ],
};

const facts = (parts: Partial<StackFacts>): StackFacts => ({
  stack: 'shop',
  releases: [release(1), release(2)],
  unreadable: [],
  runs: [run('web-1-green', 2), run('web-1-blue', 1), run('worker-1-blue', 2)],
  site: SITE,
  flags: { ...NO_FLAGS, seats: { 'web.1': 'green' } },
  fingerprint: (id: number, service: Name) => `${service}@${id}`,
  ...parts,
});

const stateOf = (rebuilt: ReturnType<typeof rebuildStack>): Record<number, string> =>
  Object.fromEntries(rebuilt.releases.map(({ id, state }) => [id, state]));

test('a stack comes back with the release the flags lead to, its ports, and the other copy warm', () => {
  const rebuilt = rebuildStack(facts({}), NOW);
  assert.deepEqual(stateOf(rebuilt), { 1: 'stable', 2: 'current' });
  assert.deepEqual(rebuilt.ports, { 'web-1-blue': 20_001, 'web-1-green': 20_002 });
  assert.deepEqual(
    rebuilt.instances.map(({ service, seat, release: of, port, warmUntil }) => [
      service,
      seat,
      of,
      port,
      warmUntil,
    ]),
    [
      ['web', 'green', 2, 20_002, null],
      ['web', 'blue', 1, 20_001, NOW + 600_000],
      ['worker', 'blue', 2, null, null],
    ],
  );
  assert.deepEqual(rebuilt.record, { name: 'shop', file: '', scale: {} });
  assert.deepEqual(rebuilt.doubts, []);
});

test('a release that changed only one service is live though the other copy is of an older one', () => {
  const rebuilt = rebuildStack(
    facts({
      runs: [run('web-1-green', 2), run('worker-1-blue', 1)],
      fingerprint: (id, service) => (service === 'worker' ? 'same' : `web@${id}`),
    }),
    NOW,
  );
  assert.deepEqual(stateOf(rebuilt), { 1: 'stable', 2: 'current' });
  assert.deepEqual(rebuilt.doubts, []);
});

test('after a rollback the newer release is kept, and nobody claims that it was good', () => {
  const rebuilt = rebuildStack(facts({ flags: NO_FLAGS }), NOW);
  assert.deepEqual(stateOf(rebuilt), { 1: 'current', 2: 'candidate' });
});

test('a half-moved stack keeps every copy, takes the newest release with traffic and says that it is not certain', () => {
  const twoSlots = {
    ...SITE,
    services: [
      { ...SITE.services[0]!, slots: [...SITE.services[0]!.slots, { slot: 2, blue: 20_003, green: 20_004 }] },
    ],
  };
  const rebuilt = rebuildStack(
    facts({ site: twoSlots, runs: [run('web-1-green', 2), run('web-2-blue', 1), run('web-2-green', 2)] }),
    NOW,
  );
  assert.equal(rebuilt.instances.length, 3);
  assert.deepEqual(stateOf(rebuilt), { 1: 'stable', 2: 'current' });
  assert.match(rebuilt.doubts.join('\n'), /which release is live is not certain \(a change was under way\)/);
});

test('a run that says nothing of its release is taken for the live one, and that is said', () => {
  const rebuilt = rebuildStack(facts({ runs: [run('web-1-green', 2), run('worker-1-blue', null)] }), NOW);
  assert.equal(rebuilt.instances[1]!.release, 2);
  assert.match(rebuilt.doubts.join('\n'), /"worker-1-blue" is of is not known: release 2 is taken/);
});

test('a run of a release that is not on disk stays on record, so that nobody stops it', () => {
  const rebuilt = rebuildStack(facts({ runs: [run('web-1-green', 2), run('worker-1-blue', 9)] }), NOW);
  assert.equal(rebuilt.instances[1]!.release, 9);
  assert.equal(rebuilt.lastRelease, 9, 'its number is not given again');
  assert.match(rebuilt.doubts.join('\n'), /release 9, which is not on disk: it is left alone/);
});

test('a routed replica without a record is started again, unless it was stopped', () => {
  const none = { runs: [run('worker-1-blue', 2)] };
  const rebuilt = rebuildStack(facts(none), NOW);
  assert.deepEqual(
    rebuilt.instances.map(({ service, seat, release: of }) => [service, seat, of]),
    [
      ['worker', 'blue', 2],
      ['web', 'green', 2],
    ],
  );
  const stopped = rebuildStack(facts({ ...none, flags: { ...NO_FLAGS, maintenance: ['web'] } }), NOW);
  assert.equal(stopped.instances.length, 1);
});

test('another number of copies than the file says is one that was set by scale', () => {
  const rebuilt = rebuildStack(
    facts({ runs: [run('web-1-green', 2), run('worker-1-blue', 2), run('worker-2-blue', 2)] }),
    NOW,
  );
  assert.deepEqual(rebuilt.record?.scale, { worker: { replicas: 2, over: 1 } });
});

test('a stack of which nothing runs or is routed is taken for down, and one that cannot be read says so', () => {
  const down = rebuildStack(facts({ runs: [], site: null, flags: NO_FLAGS }), NOW);
  assert.equal(down.record, null);
  assert.match(down.doubts.join('\n'), /taken for down/);
  const unreadable = rebuildStack(facts({ releases: [], unreadable: [1, 2] }), NOW);
  assert.equal(unreadable.instances.length, 3, 'what runs is on record all the same');
  assert.match(unreadable.doubts.join('\n'), /which release is live is not known/);
  assert.match(unreadable.doubts.join('\n'), /what release 2 is can not be read/);
});

test('requests that a lost change holds are told about', () => {
  const rebuilt = rebuildStack(
    facts({ flags: { seats: { 'web.1': 'green' }, held: ['web'], maintenance: [] } }),
    NOW,
  );
  assert.match(rebuilt.doubts.join('\n'), /requests of "web" are held by a change that is lost/);
});
