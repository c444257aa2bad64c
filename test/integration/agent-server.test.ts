// The agent's door on a real unix socket, with handlers that only answer.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { claimHome } from '../../src/agent/claim-home.ts';
import { describeCall } from '../../src/agent/describe-call.ts';
import type { Handlers } from '../../src/agent/handlers/table.ts';
import { type AgentServer, openServer } from '../../src/agent/server.ts';
import { CALLS } from '../../src/api/wire.ts';
import { type ErrorReport, Failure, isReported, Refusal } from '../../src/model/error.ts';

type Answer = { readonly status: number; readonly text: string };

describe("the agent's door", () => {
  const folder = mkdtempSync(join(tmpdir(), 'reeve-door-'));
  const socket = join(folder, 'agent.sock');
  const audited: string[] = [];
  let isAuditFull = false;
  const [waiting, hungUp] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let server: AgentServer;

  const answers: Partial<Record<keyof Handlers, unknown>> = {
    agentStatus: () => ({ pid: 1 }),
    showChange: () => {
      throw new Refusal('change.unknown', 'Cannot find change 7');
    },
    plan: () => {
      throw new Failure('source.unreachable', 'Cannot reach hunter2hunter2', { why: 'hunter2hunter2' });
    },
    cancelChange: () => ({ id: 3 }),
    listStacks: ({ signal }: { readonly signal: AbortSignal }) =>
      new Promise((resolve) => {
        waiting.resolve();
        signal.addEventListener('abort', () => {
          hungUp.resolve();
          resolve([]);
        });
      }),
    readLock: () => {
      throw new Error('an invariant broke');
    },
    events: async function* () {
      yield { event: 'one' };
      throw new Failure('logs.unreadable', 'Cannot go on');
    },
  };

  before(async () => {
    server = await openServer({
      socket,
      handlers: {
        ...Object.fromEntries(Object.keys(CALLS).map((call) => [call, () => null])),
        ...answers,
      } as Handlers,
      redact: (text) => text.replaceAll('hunter2hunter2', '[secret]'),
      failed: () => {},
      called: (entry) => {
        if (isAuditFull) throw new Failure('store.full', 'Cannot write the audit log');
        const { by, what, outcome } = describeCall(entry);
        audited.push(`${by}: ${what}, ${outcome}`);
      },
    });
  });

  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  const call = (
    method: string,
    path: string,
    body = '',
    headers: Record<string, string> = {},
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const sent = request({ agent: false, socketPath: socket, method, path, headers }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      sent.on('error', reject);
      sent.end(body);
    });

  const report = ({ text }: Answer): ErrorReport => JSON.parse(text) as ErrorReport;

  test('is open to its user and group, and to nobody else', () => {
    assert.equal(statSync(socket).mode & 0o777, 0o660);
  });

  test('answers a call with JSON', async () => {
    assert.deepEqual(await call('GET', '/v1/agent'), { status: 200, text: '{"pid":1}' });
  });

  test('tells a handler that works when its caller hangs up', async () => {
    const sent = request({ agent: false, socketPath: socket, path: '/v1/stacks' });
    sent.on('error', () => {});
    sent.end();
    await waiting.promise;
    sent.destroy();
    await hungUp.promise;
  });

  test('answers what became of a call though the audit log can not be written', async () => {
    isAuditFull = true;
    const answer = await call('POST', '/v1/changes/3/cancel');
    isAuditFull = false;
    assert.deepEqual(answer, { status: 200, text: '{"id":3}' });
  });

  test('answers what it does not know with 404 and a code', async () => {
    const unknown = await call('GET', '/v1/nothing');
    assert.equal(unknown.status, 404);
    assert.equal(report(unknown).code, 'call.unknown');
    assert.equal((await call('GET', '/v1/changes/7')).status, 404);
  });

  for (const [what, method, path, body] of [
    ['a body that is not JSON', 'POST', '/v1/plan', '{'],
    ['a wish nobody knows', 'POST', '/v1/plan', '{"want":"everything"}'],
    ['a key too many', 'POST', '/v1/plan', '{"want":"down","stack":"shop","purge":false,"sudo":true}'],
    ['a name that is a path', 'GET', '/v1/stacks/..%2f..%2fetc', ''],
    ['a change number that is none', 'GET', '/v1/changes/seven', ''],
    ['a query that is not known', 'GET', '/v1/changes?order=up', ''],
  ] as const) {
    test(`refuses ${what}, and no handler sees it`, async () => {
      const refused = await call(method, path, body);
      assert.equal(refused.status, 400);
      assert.equal(report(refused).code, 'call.invalid');
      assert.equal(report(refused).exit, 2);
    });
  }

  test('refuses a body that is larger than any call', async () => {
    const refused = await call('POST', '/v1/plan', ' '.repeat(3_000_000));
    assert.equal(report(refused).code, 'call.too-large');
  });

  test('masks what an error carries', async () => {
    const failed = await call('POST', '/v1/plan', '{"want":"down","stack":"shop","purge":false}');
    assert.equal(failed.status, 502);
    assert.equal(report(failed).message, 'Cannot reach [secret]');
    assert.equal(report(failed).why, '[secret]');
  });

  test('answers a defect with 500 and exit code 70', async () => {
    const broken = await call('GET', '/v1/stacks/shop/lock');
    assert.equal(broken.status, 500);
    assert.equal(report(broken).exit, 70);
  });

  test('ends a stream that fails with the error as its last line', async () => {
    const { status, text } = await call('GET', '/v1/events');
    assert.equal(status, 200);
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { error?: ErrorReport });
    assert.equal(lines.at(-1)?.error?.code, 'logs.unreadable');
  });

  test('audits who asked for a change, and no mere look', async () => {
    audited.length = 0;
    await call('POST', '/v1/changes/3/cancel', '', { 'x-reeve-user': 'ada' });
    await call('POST', '/v1/changes/3/cancel', '', { 'x-reeve-user': 'ada\u001b[2J' }).catch(() => null);
    await call('GET', '/v1/agent', '', { 'x-reeve-user': 'ada' });
    assert.equal(audited[0], 'ada: cancel change 3, ok');
    assert.equal(audited.filter((line) => line.includes('agentStatus')).length, 0);
  });
});

test('a state folder that is claimed is refused with the pid of its agent, and free again when the claim ends', () => {
  const home = mkdtempSync(join(tmpdir(), 'reeve-claim-'));
  const layout = { home, socket: join(home, 'agent.sock') };
  const claim = claimHome(layout, '1.0.0');
  assert.throws(
    () => claimHome(layout, '1.0.0'),
    (error) =>
      isReported(error) &&
      error.report.code === 'agent.running' &&
      error.report.message.includes(`process ${process.pid} is its agent`),
  );
  claim.release();
  claimHome(layout, '1.0.0').release();
  rmSync(home, { recursive: true });
});

test('a state folder that can not be made is a failure with a fix, and no bug', () => {
  const folder = mkdtempSync(join(tmpdir(), 'reeve-claim-'));
  writeFileSync(join(folder, 'file'), '');
  const home = join(folder, 'file', 'home');
  assert.throws(
    () => claimHome({ home, socket: join(home, 'agent.sock') }, '1.0.0'),
    (error) =>
      isReported(error) &&
      error.report.code === 'store.unusable' &&
      error.report.message.includes(`"${home}": it can not be written (ENOTDIR)`) &&
      error.report.fix !== undefined,
  );
  rmSync(folder, { recursive: true });
});
