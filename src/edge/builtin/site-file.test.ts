import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EdgeSite } from '../../model/edge.ts';
import { parseSite, printSite, sharedRoute, siteVersion } from './site-file.ts';

const site: EdgeSite = {
  stack: 'shop',
  services: [
    {
      service: 'web',
      routes: [{ host: '*.shop.test', path: '/', stripPath: false }],
      slots: [{ slot: 1, blue: 4001, green: 4002 }],
      holdMs: 0,
    },
  ],
};
const withService = (parts: object): string =>
  JSON.stringify({ ...site, services: [{ ...site.services[0], ...parts }] });
const route = (parts: object): string =>
  withService({ routes: [{ host: 'shop.test', path: '/', stripPath: false, ...parts }] });

describe('a site file', () => {
  it('says the same after it was printed and parsed', () => {
    assert.deepEqual(parseSite(printSite(site), 'shop'), { site, why: null });
  });

  it('has the same version when its text is the same', () => {
    assert.equal(siteVersion(printSite(site)), siteVersion(printSite(structuredClone(site))));
    assert.notEqual(siteVersion(printSite(site)), siteVersion(`${printSite(site)} `));
  });

  for (const [what, text, why] of [
    ['half a file', printSite(site).slice(0, 40), /JSON/],
    ['a list', '[]', /the site is \[\], an object is required/],
    ['another stack', printSite({ ...site, stack: 'blog' }), /about stack "blog", "shop" is required/],
    ['a path out of the folder for a stack', printSite({ ...site, stack: '../shop' }), /a name is required/],
    ['no services', '{"stack":"shop"}', /services is absent/],
    ['a port of 0', withService({ slots: [{ slot: 1, blue: 0, green: 1 }] }), /blue is 0/],
    ['a port that is text', withService({ slots: [{ slot: 1, blue: '80', green: 1 }] }), /blue is "80"/],
    [
      'a port twice',
      withService({
        slots: [
          { slot: 1, blue: 80, green: 81 },
          { slot: 2, blue: 82, green: 80 },
        ],
      }),
      /port 80 is there twice/,
    ],
    ['a host in capitals', route({ host: 'Shop.test' }), /host is "Shop.test"/],
    ['a host with a star inside', route({ host: 'a.*.test' }), /host is/],
    ['a path without slash', route({ path: 'api' }), /path is "api"/],
    ['a path with a query', route({ path: '/api?x' }), /path is/],
    ['a missing flag', route({ stripPath: null }), /stripPath is null/],
    [
      'a route twice',
      withService({ routes: ['/a', '/a/'].map((path) => ({ host: 'x.test', path, stripPath: false })) }),
      /route x\.test\/a is there twice/,
    ],
    [
      'a service twice',
      JSON.stringify({
        ...site,
        services: [site.services[0], { ...site.services[0], routes: [], slots: [] }],
      }),
      /service web is there twice/,
    ],
  ] as const) {
    it(`is refused with a reason when it holds ${what}`, () => {
      const reading = parseSite(text, 'shop');
      assert.equal(reading.site, null);
      assert.match(reading.why ?? '', why);
    });
  }

  it('may have one port for both seats of a slot, for they are never taken together', () => {
    assert.notEqual(parseSite(withService({ slots: [{ slot: 1, blue: 80, green: 80 }] }), 'shop').site, null);
  });

  it('shares a route with another site when host and path are the same but for the final slash', () => {
    const at = (host: string, path: string): EdgeSite => JSON.parse(route({ host, path }));
    assert.equal(sharedRoute(at('a.test', '/x/'), at('a.test', '/x')), 'a.test/x');
    assert.equal(sharedRoute(at('a.test', '/'), at('a.test', '/')), 'a.test/');
    assert.equal(sharedRoute(at('a.test', '/x'), at('a.test', '/y')), null);
    assert.equal(sharedRoute(at('a.test', '/'), at('*.test', '/')), null);
  });
});
