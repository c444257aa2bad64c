import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deployOf, nothingObserved, StackLife } from '../../test/worlds/observed-builder.ts';
import { buildService, buildStack, type ServiceParts } from '../../test/worlds/stack-builder.ts';
import type { EdgeSite } from '../model/edge.ts';
import { isReported } from '../model/error.ts';
import type { Plan, Step } from '../model/plan.ts';
import { orderWaves } from './order-waves.ts';
import { covers } from './route-conflicts.ts';
import { unionSite } from './union-site.ts';

const withWeb = (parts: ServiceParts) =>
  buildStack([buildService('web', { routes: ['shop.localhost'], ...parts })]);

const portsOf = (plan: Plan): Record<string, number> =>
  Object.assign(
    {},
    ...plan.steps.map((step: Step) => (step.kind === 'reserve-ports' ? step.args.ports : {})),
  );

const refused = (work: () => unknown): { code: string; message: string } => {
  try {
    work();
  } catch (error) {
    assert.ok(isReported(error), String(error));
    return error.report;
  }
  throw new Error('it was not refused');
};

describe('choosing ports', () => {
  const first = (parts: ServiceParts, observed = nothingObserved()): Record<string, number> =>
    portsOf(new StackLife(observed).plan(deployOf(withWeb(parts), 'r1')));

  test('gives a swapped service with a number that and the following ones, blue before green', () => {
    assert.deepEqual(first({ port: 3000, replicas: 2 }), {
      'web-1-blue': 3000,
      'web-2-blue': 3001,
      'web-1-green': 3002,
      'web-2-green': 3003,
    });
  });

  test('gives both seats of a recreated service the same port', () => {
    assert.deepEqual(first({ port: 3000, replicas: 2, strategy: 'recreate' }), {
      'web-1-blue': 3000,
      'web-1-green': 3000,
      'web-2-blue': 3001,
      'web-2-green': 3001,
    });
  });

  test('passes by busy ports where it chooses, and takes the same ones each time', () => {
    const observed = { ...nothingObserved(), busyPorts: [20_000, 20_002] };
    const ports = first({ port: 'auto' }, observed);
    assert.deepEqual(ports, { 'web-1-blue': 20_001, 'web-1-green': 20_003 });
    assert.deepEqual(first({ port: 'auto' }, observed), ports);
  });

  test('is refused with who has the port that the file asks for', () => {
    const observed = {
      ...nothingObserved(),
      busyPorts: [3000],
      portOwners: { 3000: 'stack "blog" (api-1-blue)' },
    };
    const { code, message } = refused(() => first({ port: 3000 }, observed));
    assert.equal(code, 'port.taken');
    assert.match(message, /Cannot give port 3000 to "web": stack "blog" \(api-1-blue\) has it/);
  });

  test('gives each of many services ports of its own, from the first free one on, beside a fixed one in the way', () => {
    const parts: readonly ServiceParts[] = [
      { strategy: 'recreate' },
      ...Array.from({ length: 300 }, () => ({})),
      { port: 20_005 },
    ];
    const services = parts.map((own, at) => buildService(`s${at}`, { routes: [`s${at}.localhost`], ...own }));
    const ports = portsOf(new StackLife().plan(deployOf(buildStack(services), 'r1')));
    assert.deepEqual([ports['s301-1-blue'], ports['s301-1-green']], [20_005, 20_006]);
    assert.equal(ports['s0-1-green'], ports['s0-1-blue']);
    const used = [...new Set(Object.values(ports))].toSorted((a, b) => a - b);
    assert.deepEqual(
      used,
      Array.from({ length: 1 + 600 + 2 }, (_, at) => 20_000 + at),
    );
  });

  test('is refused when the whole range is taken', () => {
    const busyPorts = Array.from({ length: 10_000 }, (_, index) => 20_000 + index);
    assert.equal(refused(() => first({}, { ...nothingObserved(), busyPorts })).code, 'port.none-left');
  });

  test('keeps the reserved ones when the replica count grows, and none is shared', () => {
    const life = new StackLife().does(deployOf(withWeb({ port: 3000 }), 'r1'));
    life.does({ kind: 'scale', service: 'web', replicas: 3 });
    const ports = Object.values(life.observed.ports);
    assert.equal(life.observed.ports['web-1-green'], 3001);
    assert.equal(new Set(ports).size, 6);
  });

  test('leaves another port when the reserved one is taken by a stranger while nobody sat there', () => {
    const life = new StackLife().does(deployOf(withWeb({}), 'r1'));
    const taken = life.observed.ports['web-1-green']!;
    const plan = life.sees({ busyPorts: [taken] }).plan(deployOf(withWeb({}), 'r2'));
    assert.notEqual(portsOf(plan)['web-1-green'] ?? taken, taken);
    assert.ok(plan.steps.some(({ sentence }) => sentence === 'Configure the edge: give web its new ports'));
  });
});

describe('routes', () => {
  test('are refused where another stack has the same host and path', () => {
    const foreignRoutes = [{ stack: 'blog', host: 'shop.localhost', path: '/' }];
    const life = new StackLife({ ...nothingObserved(), foreignRoutes });
    const { code, message } = refused(() => life.plan(deployOf(withWeb({}), 'r1')));
    assert.equal(code, 'route.taken');
    assert.match(message, /leads to stack "blog"/);
  });

  test('cover what is below their path, and names below a wildcard', () => {
    const route = (host: string, path: string) => ({ host, path });
    assert.ok(covers(route('a', '/'), route('a', '/api')));
    assert.ok(covers(route('a', '/api'), route('a', '/api/v1')));
    assert.ok(!covers(route('a', '/api'), route('a', '/apis')));
    assert.ok(covers(route('*.a', '/'), route('b.a', '/')));
    assert.ok(!covers(route('*.a', '/'), route('a', '/')));
  });
});

describe('the site while traffic moves', () => {
  const site = (...services: { name: string; route: string; slots: number[] }[]): EdgeSite => ({
    stack: 'shop',
    services: services.map(({ name, route, slots }) => ({
      service: name,
      routes: [{ host: route, path: '/', stripPath: false }],
      slots: slots.map((slot) => ({ slot, blue: 1000 + slot, green: 2000 + slot })),
      holdMs: 0,
    })),
  });
  const texts = (union: EdgeSite | null): string[] =>
    (union?.services ?? []).map(
      ({ service, routes, slots }) =>
        `${service}: ${routes.map(({ host }) => host).join()} ${slots.map(({ slot }) => slot).join()}`,
    );
  const union = (
    old: EdgeSite | null,
    final: EdgeSite | null,
    ready: string[],
    leaving: string[] = [],
  ): string[] =>
    texts(unionSite(old, final, { ready: new Set(ready), leaving: new Set(leaving), seatOf: () => 'blue' }));

  const web = { name: 'web', route: 'shop', slots: [1] };

  test('has a new service only once it is ready', () => {
    const api = { name: 'api', route: 'api', slots: [1] };
    assert.deepEqual(union(site(web), site(web, api), []), ['web: shop 1']);
    assert.deepEqual(union(site(web), site(web, api), ['api.1']), ['web: shop 1', 'api: api 1']);
  });

  test('keeps what goes, and adds replicas that are ready', () => {
    const more = { ...web, slots: [1, 2, 3] };
    assert.deepEqual(union(site(web), site(more), ['web.2']), ['web: shop 1,2']);
    assert.deepEqual(union(site(more), site(web), []), ['web: shop 1,2,3']);
    assert.deepEqual(union(site(more), site(web), [], ['web.3']), ['web: shop 1,2']);
    assert.deepEqual(union(site(web), null, []), ['web: shop 1']);
  });

  test('moves a route to a new service that is ready, and leaves one that goes to an old service where it is', () => {
    const front = { name: 'front', route: 'shop', slots: [1] };
    assert.deepEqual(union(site(web), site(front), ['front.1']), ['front: shop 1']);
    const api = { name: 'api', route: 'api', slots: [1] };
    const swapped = site({ ...web, route: 'api' }, { ...api, route: 'shop' });
    assert.deepEqual(union(site(web, api), swapped, []), ['web: shop 1', 'api: api 1']);
  });
});

describe('the order of services', () => {
  const names = (...services: [string, ...string[]][]): string[][] =>
    orderWaves(services.map(([name, ...dependsOn]) => buildService(name, { dependsOn }))).map((wave) =>
      wave.map(({ name }) => name),
    );

  test('is by waves of dependencies, in the order of the file within one', () => {
    assert.deepEqual(names(['web', 'api', 'db'], ['api', 'db'], ['worker'], ['db']), [
      ['worker', 'db'],
      ['api'],
      ['web'],
    ]);
  });

  test('leaves out dependencies that take no part, and survives a cycle', () => {
    assert.deepEqual(names(['web', 'elsewhere']), [['web']]);
    assert.deepEqual(names(['a', 'b'], ['b', 'a'], ['c']), [['c'], ['a', 'b']]);
  });
});
