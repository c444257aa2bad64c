// What other proxies of this kind are tested for, asked of the builtin edge. What is shown elsewhere is not repeated:
//
// | their words | where it is shown |
// |---|---|
// | deploy; multi targets; replace active service | contract/edge: "serves from blue", "moves the routes of all services", "tries another slot"; here: multi targets |
// | wildcard subdomain; exact beats wildcard; host conflict rejected | contract/edge |
// | host with port | integration/edge-http "finds the route when the host has a port" |
// | empty router 404; unknown host; path prefix; path + host combos; change hosts, reuse, remove then reuse | here |
// | no host = wildcard; cookie path scoping; canonical-host redirect; TLS redirect, invalid TLS | not there: a route has a host, the edge sets no cookie and ends no TLS |
// | invalid options rejected, service keeps serving, state not overwritten | contract/edge "refuses a site that is not one"; integration/edge-process "one file is broken" |
// | `/up` answers 200 while paused | not there: the edge answers nothing in a program's place but its own errors |
// | drain: empty, completes; hijacked connections | integration/edge-swap, edge-websocket; contract/edge "counts a request in flight" |
// | pause: waits, resume releases, times out, stopping releases with 503 | contract/edge "holds requests", integration/edge-hold; here: stopping |
// | pause independent of deploys; pause survives | here |
// | rollout by allowlist, percentage, cookie | not there: a release gets all traffic or none |
// | persistence: restore hosts and paths | contract/edge "when it is stopped and started again"; here: several stacks |
// | SSE, WebSocket, HTTP/1.1, malformed chunked, client abort, X-Forwarded, request id | integration/edge-http, edge-websocket, edge-smuggling |
// | semicolon query strings untouched | here |
// | added target becomes healthy | crash/agent-sweep "scaling up": only what has passed its gate is ever a target |
// | limits of header sizes; body-size limits of buffers | proof/edge-limits: bodies of any size are streamed, none is ever buffered |
// | HTTP/2 and 3; custom error pages; the time a request came as a field | not there: HTTP/1.1 only, pages are the edge's own |
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { after, before, describe, test } from 'node:test';
import type { EdgeService, EdgeSite } from '../../src/model/edge.ts';
import { isReported } from '../../src/model/error.ts';
import { eventually } from '../worlds/conditions.ts';
import { type EdgeStand, openEdgeStand, STAND_HOST } from '../worlds/edge-stand.ts';

describe('as its peers are tested, the builtin edge', () => {
  let stand: EdgeStand;
  let one: number;
  let two: number;
  let three: number;

  const named =
    (name: string): RequestListener =>
    (req, res) =>
      void res.end(`${name} ${req.url}`);

  before(async () => {
    stand = await openEdgeStand();
    one = (await stand.instance(named('one'))).port;
    two = (await stand.instance(named('two'))).port;
    three = (await stand.instance(named('three'))).port;
  });
  after(() => stand.close());

  // Nothing is ever served from these greens; two places must not have one port.
  const at = (port: number, slot = 1) => ({
    slot,
    blue: port,
    green: port < 60_000 ? port + 2000 : port - 2000,
  });
  const to = (port: number, host: string, path = '/', stripPath = false): Partial<EdgeService> => ({
    slots: [at(port)],
    routes: [{ host, path, stripPath }],
  });
  const siteOf = (stack: string, ...services: readonly Partial<EdgeService>[]): EdgeSite => ({
    stack,
    services: services.map((service, index) => ({
      service: `s${index}`,
      routes: [],
      slots: [],
      holdMs: 5000,
      ...service,
    })),
  });
  const configure = (stack: string, ...services: readonly Partial<EdgeService>[]): Promise<void> =>
    stand.edge.configure(stack, services.length === 0 ? null : siteOf(stack, ...services));
  const body = async (host: string, path = '/'): Promise<string> => {
    const { status, body: text } = await stand.call({ host, path });
    return status === 200 ? text : String(status);
  };

  test('empty router 404', async () => {
    assert.equal(await body('shop.localhost'), '404');
    assert.equal((await stand.call()).headers['x-reeve-edge'], '404 no-route');
  });

  test('unknown host', async () => {
    await configure('shop', to(one, STAND_HOST));
    assert.equal(await body('other.localhost'), '404');
    assert.equal(await body('x.shop.localhost'), '404');
    assert.equal(await body('shop.localhost.evil.example'), '404');
  });

  test('multi targets: all of them serve', async () => {
    await stand.configure([{ slots: [at(one, 1), at(two, 2)] }]);
    const seen = new Set<string>();
    for (let turn = 0; turn < 20; turn += 1) seen.add(await body(STAND_HOST));
    assert.deepEqual([...seen].toSorted(), ['one /', 'two /']);
  });

  test('update options of a live service, with a request under way', async () => {
    let answer = (): void => {};
    const slow = await stand.instance((_req, res) => void (answer = () => res.end('slow')));
    await stand.configure([{ slots: [at(slow.port)], holdMs: 1000 }]);
    const underWay = stand.call();
    await eventually('it is under way', async () =>
      (await stand.edge.traffic('shop')).some(({ inFlight }) => inFlight > 0),
    );
    await stand.configure([{ slots: [at(slow.port)], holdMs: 9000 }]);
    answer();
    assert.equal((await underWay).body, 'slow');
    assert.equal((await stand.edge.site('shop'))?.services[0]?.holdMs, 9000);
  });

  test('change hosts of a live service; reuse host after change', async () => {
    await configure('shop', to(one, 'old.localhost'));
    await configure('shop', to(one, 'new.localhost'));
    assert.deepEqual([await body('old.localhost'), await body('new.localhost')], ['404', 'one /']);
    await configure('blog', to(two, 'old.localhost'));
    assert.deepEqual([await body('old.localhost'), await body('new.localhost')], ['two /', 'one /']);
  });

  test('host conflict rejected, remove then reuse', async () => {
    await assert.rejects(
      configure('blog', to(two, 'new.localhost')),
      (error) => isReported(error) && error.report.code === 'edge.route-taken',
    );
    assert.deepEqual([await body('new.localhost'), await body('old.localhost')], ['one /', 'two /']);
    await configure('shop');
    assert.equal(await body('new.localhost'), '404');
    await configure('blog', to(two, 'new.localhost'));
    assert.equal(await body('new.localhost'), 'two /');
    await configure('blog');
  });

  test('path prefix routing with and without strip, longest first, and never in the middle of a name', async () => {
    await configure(
      'shop',
      to(one, STAND_HOST),
      to(two, STAND_HOST, '/api'),
      to(three, STAND_HOST, '/api/v2', true),
    );
    assert.equal(await body(STAND_HOST, '/'), 'one /');
    assert.equal(await body(STAND_HOST, '/apix'), 'one /apix');
    assert.equal(await body(STAND_HOST, '/api'), 'two /api');
    assert.equal(await body(STAND_HOST, '/api/v1?x=1'), 'two /api/v1?x=1');
    assert.equal(await body(STAND_HOST, '/api/v2'), 'three /');
    assert.equal(await body(STAND_HOST, '/api/v2/x?y=/api'), 'three /x?y=/api');
    assert.equal(await body(STAND_HOST, '/api/v22'), 'two /api/v22');
  });

  test('path and host combos: a path of one host is not one of another', async () => {
    await configure('shop', to(one, 'a.localhost', '/api'), to(two, 'b.localhost'));
    assert.deepEqual(
      [
        await body('a.localhost', '/api/x'),
        await body('a.localhost', '/'),
        await body('b.localhost', '/api/x'),
      ],
      ['one /api/x', '404', 'two /api/x'],
    );
  });

  test('no path climbs out of a prefix', async () => {
    await configure('shop', to(one, STAND_HOST, '/public', true), to(two, STAND_HOST, '/private'));
    for (const path of ['/public/../private', '/public/%2e%2e/private', '/public//private', '/PUBLIC/x']) {
      const line = `GET ${path} HTTP/1.1\r\nHost: ${STAND_HOST}\r\nConnection: close\r\n\r\n`;
      const text = await stand.raw(line);
      assert.doesNotMatch(text, /^HTTP\/1\.1 200[^]*two/, path);
    }
  });

  test('semicolon query strings untouched', async () => {
    await configure('shop', to(one, STAND_HOST));
    for (const path of ['/?a=1;b=2', '/;x=1?a;b', '/?a=%3B;%26', '/?;', '/?a=b=c&&d', '/%2f%2F?%zz'])
      assert.equal(await body(STAND_HOST, path), `one ${path}`);
  });

  test('stopping releases with 503 and message', async () => {
    await stand.configure([{ slots: [at(one)] }]);
    await stand.flag([], ['web']);
    const held = [stand.call(), stand.call({ method: 'POST', body: 'x' })];
    await eventually('both wait', async () => (await stand.edge.metrics())?.waiting === 2);
    await stand.flag([], [], ['web']);
    for (const { status, headers, body: text } of await Promise.all(held)) {
      assert.equal(status, 503);
      assert.match(String(headers['x-reeve-edge']), /^503 /);
      assert.match(text, /maintenance/i);
    }
  });

  test('pause state independent of deploys: a new site or seat does not end it', async () => {
    await stand.flag([], [], ['web']);
    await stand.configure([{ slots: [{ slot: 1, blue: two, green: one }] }]);
    assert.equal(await body(STAND_HOST), '503');
    await stand.flag(['web.1'], [], ['web']);
    assert.equal(await body(STAND_HOST), '503');
    await stand.flag(['web.1']);
    assert.equal(await body(STAND_HOST), 'one /');
  });

  test('pause survives, and so do the hosts and paths of every stack', async () => {
    await stand.configure([{ slots: [{ slot: 1, blue: one, green: two }] }]);
    await configure('blog', to(two, 'blog.localhost', '/b', true));
    await stand.flag(['web.1'], [], ['web']);
    const { pid } = await stand.edge.status();
    process.kill(pid!, 'SIGKILL');
    await eventually('another one serves', async () => {
      const status = await stand.edge.status();
      return status.isRunning && status.pid !== pid && (await body('blog.localhost', '/b/x')) === 'two /x';
    });
    assert.equal(await body(STAND_HOST), '503');
    await stand.flag(['web.1']);
    assert.equal(await body(STAND_HOST), 'two /');
  });
});
