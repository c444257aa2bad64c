import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Failure, isReported, Refusal } from '../model/error.ts';
import { agentUnreachable, isAgentLost } from './lost-agent.ts';

const translated = (code: string): { readonly code: string; readonly exit: number } => {
  const error = agentUnreachable(Object.assign(new Error(code), { code }), '/run/reeve/agent.sock');
  assert.ok(isReported(error));
  return { code: error.report.code, exit: error.report.exit };
};

test('agentUnreachable tells an absent agent, a forbidden socket and a broken connection apart', () => {
  for (const code of ['ENOENT', 'ECONNREFUSED', 'ENOTDIR'])
    assert.deepEqual(translated(code), { code: 'agent.absent', exit: 69 });
  for (const code of ['EACCES', 'EPERM'])
    assert.deepEqual(translated(code), { code: 'agent.no-access', exit: 69 });
  for (const code of ['ECONNRESET', 'EPIPE'])
    assert.deepEqual(translated(code), { code: 'agent.hung-up', exit: 1 });
});

test('agentUnreachable leaves what is ours and what it does not know as it is', () => {
  const own = new Refusal('stack.unknown', 'Cannot find stack "shop"');
  assert.equal(agentUnreachable(own, ''), own);
  const foreign = new RangeError('?');
  assert.equal(agentUnreachable(foreign, ''), foreign);
});

test('agentUnreachable gives the reason of the abort when the caller hung up', () => {
  const reason = new Error('Ctrl-C');
  assert.equal(agentUnreachable(new Error('aborted'), '', AbortSignal.abort(reason)), reason);
});

test('isAgentLost holds for what waiting can mend only', () => {
  const lost = (code: string): boolean =>
    isAgentLost(agentUnreachable(Object.assign(new Error(code), { code }), '') as Failure);
  assert.deepEqual(['ENOENT', 'ECONNRESET', 'EACCES'].map(lost), [true, true, false]);
});
