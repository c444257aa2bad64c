import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CallName, CALLS } from '../api/wire.ts';
import { findCall } from './find-call.ts';

describe('findCall', () => {
  it('finds every call of the contract by its own method and path', () => {
    for (const call of Object.keys(CALLS) as CallName[]) {
      const { method, path } = CALLS[call];
      assert.equal(findCall(method, path.replaceAll(/:\w+/g, '7'))?.call, call);
    }
  });

  it('decodes parts of the path and the query', () => {
    assert.deepEqual(findCall('GET', '/v1/stacks/my%20shop/logs?grep=a%20b&tail=3'), {
      call: 'logs',
      params: { stack: 'my shop' },
      query: { grep: 'a b', tail: '3' },
    });
  });

  it('leaves a part as it is when it can not be decoded', () => {
    assert.deepEqual(findCall('GET', '/v1/changes/%zz')?.params, { id: '%zz' });
  });

  it('finds nothing when the method is another, a part is empty, or there is a part too many', () => {
    for (const [method, url] of [
      ['POST', '/v1/agent'],
      ['GET', '/v1/stacks/'],
      ['GET', '/v1/changes/7/follow/on'],
      ['GET', '/v1/agent/'],
      ['GET', ''],
      ['GET', '*'],
    ] as const) {
      assert.equal(findCall(method, url), null, `${method} ${url}`);
    }
  });
});
