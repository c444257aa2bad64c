import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assembleRouteTable, coversPath, hostOf, lookUpRoute, stripPrefix } from './route-table.ts';

const table = assembleRouteTable(
  [
    ['shop.test', '/', 'shop'],
    ['shop.test', '/api', 'api'],
    ['shop.test', '/api/v2/', 'api2'],
    ['*.shop.test', '/', 'any'],
    ['*.shop.test', '/deep', 'deep'],
    ['a.shop.test', '/only', 'a'],
  ].map(([host = '', path = '', target = '']) => ({ target, route: { host, path, stripPath: false } })),
);

describe('the route table', () => {
  for (const [host, path, target] of [
    ['shop.test', '/', 'shop'],
    ['shop.test', '/apix', 'shop'],
    ['shop.test', '/api', 'api'],
    ['shop.test', '/api/', 'api'],
    ['shop.test', '/api/v2', 'api2'],
    ['shop.test', '/api/v2/x', 'api2'],
    ['shop.test', '/api/v22', 'api'],
    ['b.shop.test', '/x', 'any'],
    ['b.shop.test', '/deep/x', 'deep'],
    ['a.shop.test', '/only', 'a'],
    ['a.shop.test', '/other', 'any'],
    ['a.b.shop.test', '/', null],
    ['other.test', '/', null],
    ['localhost', '/', null],
  ] as const) {
    it(`leads ${host}${path} to ${target ?? 'nothing'}`, () => {
      assert.equal(lookUpRoute(table, host, path)?.target ?? null, target);
    });
  }

  it('covers a path at segment borders alone', () => {
    assert.deepEqual(
      ['/a', '/a/', '/a/b', '/ab', '/', ''].map((path) => coversPath('/a', path)),
      [true, true, true, false, false, false],
    );
    assert.ok(coversPath('/', '/anything'));
  });

  it('leaves a path that begins with / when it strips a prefix', () => {
    assert.deepEqual(
      ['/a', '/a/', '/a/b?c', '/a?c'].map((target) => stripPrefix('/a/', target)),
      ['/', '/', '/b?c', '/?c'],
    );
  });

  it('reads a host without port, case and final dot, and refuses what is none', () => {
    assert.deepEqual(
      ['Shop.Test:80', 'shop.test.', '[::1]:7080', '127.0.0.1', 'a b', '', 'a@b', 'a/b', 'a:b'].map(hostOf),
      ['shop.test', 'shop.test', '[::1]', '127.0.0.1', null, null, null, null, null],
    );
  });
});
