import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CallName, Wish } from '../api/wire.ts';
import { describeCall } from './describe-call.ts';

const file = { path: '/srv/shop/reeve.yaml', text: 'name: shop' };
const started = { outcome: 'started', change: { id: 12, plan: { stack: 'shop' } } };

describe('the audit log', () => {
  const wishes: readonly (readonly [Wish, unknown, string, number | null])[] = [
    [{ want: 'deploy', file }, started, 'deploy shop', 12],
    [
      { want: 'deploy', file, ref: 'v2' },
      { outcome: 'nothing', plan: { stack: 'shop' } },
      'deploy shop at v2',
      null,
    ],
    [{ want: 'deploy', file }, null, 'deploy /srv/shop/reeve.yaml', null],
    [{ want: 'rollback', stack: 'shop', release: null }, started, 'roll shop back', 12],
    [{ want: 'rollback', stack: 'shop', release: 7 }, started, 'roll shop back to release 7', 12],
    [{ want: 'scale', stack: 'shop', service: 'web', replicas: 3 }, started, 'scale web=3 of shop', 12],
    [{ want: 'stop', stack: 'shop', services: [] }, started, 'stop all services of shop', 12],
    [{ want: 'restart', stack: 'shop', services: ['a', 'b'] }, started, 'restart a, b of shop', 12],
    [{ want: 'down', stack: 'shop', purge: true }, started, 'purge shop', 12],
    [{ want: 'job', stack: 'shop', job: 'migrate' }, started, 'run migrate of shop', 12],
  ];
  for (const [body, answer, what, change] of wishes) {
    test(`says "${what}" when that is wished for`, () => {
      const entry = { call: 'change' as const, by: 'ada', params: {}, body, outcome: 'ok', answer };
      assert.deepEqual(describeCall(entry), { by: 'ada', what, change, outcome: 'ok' });
    });
  }

  const calls: readonly (readonly [CallName, unknown, unknown, string, number | null])[] = [
    ['cancelChange', { id: 12 }, {}, 'cancel change 12', 12],
    ['stopAgent', {}, {}, 'stop the agent', null],
    ['execContext', { stack: 'shop' }, { service: 'web' }, 'exec in web of shop', null],
    ['change', {}, null, 'change something', null],
  ];
  for (const [call, params, body, what, change] of calls) {
    test(`says "${what}" when ${call} is called`, () => {
      const entry = { call, by: 'ada', params, body, outcome: 'call.invalid', answer: null };
      assert.deepEqual(describeCall(entry), { by: 'ada', what, change, outcome: 'call.invalid' });
    });
  }
});
