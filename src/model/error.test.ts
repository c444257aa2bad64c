import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal, toReport } from './error.ts';

const systemError = (code: string, more: object = {}): Error =>
  Object.assign(new Error(code), { code, ...more });

test('toReport calls what the host has run out of a failure, and names the path', () => {
  const { kind, code, exit, message } = toReport(
    systemError('ENOSPC', { path: '/srv/flags', syscall: 'mkdir' }),
  );
  assert.deepEqual([kind, code, exit], ['failure', 'host.exhausted', 1]);
  assert.equal(message, 'Cannot go on: no space is left on its disk (/srv/flags), some room is required');
  const codes = ['EDQUOT', 'EMFILE', 'ENFILE', 'ENOMEM'].map((each) => toReport(systemError(each)).code);
  assert.deepEqual(new Set(codes), new Set(['host.exhausted']));
});

test('toReport knows a limit of processes by the fork that it forbids', () => {
  assert.equal(toReport(systemError('EAGAIN', { syscall: 'spawn git' })).code, 'host.exhausted');
  assert.equal(toReport(systemError('EAGAIN', { syscall: 'read' })).kind, 'defect');
});

test('toReport calls everything else that is not ours a defect, with its stack', () => {
  const { kind, exit, message } = toReport(new TypeError('x is not a function'));
  assert.deepEqual([kind, exit], ['defect', 70]);
  assert.match(message, /TypeError: x is not a function\n\s+at /);
  assert.equal(toReport(new Refusal('stack.unknown', 'Cannot find stack "shop"')).code, 'stack.unknown');
});
