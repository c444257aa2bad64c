// A release that does not pass its gate never gets a request, and the one that runs is left as it was.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startLoad } from '../../scripts/demo/load.ts';
import type { ErrorReport } from '../../src/model/error.ts';
import { openStage, type Stage } from '../worlds/stage.ts';
import { PROGRAMS, webStackFile } from '../worlds/web-stack.ts';

const CASES = [
  { program: 'neverReady', code: 'gate.never-ready', cause: /nothing listens on port \d+/ },
  {
    program: 'wrongPort',
    code: 'gate.wrong-port',
    cause: /listens on 127\.0\.0\.1:\d+, and not on 127\.0\.0\.1:\d+/,
  },
  { program: 'degradedForEver', code: 'gate.degraded', cause: /loading weights 412\/1,100 MB/ },
  { program: 'exitsAtOnce', code: 'gate.exited', cause: /exit(ed)? (with )?code 7/i },
  { program: 'readyThenDies', code: 'gate.died-after-ready', cause: /code 9/ },
] as const;

describe('a failed gate', () => {
  let stage: Stage;

  before(async () => {
    stage = await openStage({
      stack: 'gates',
      files: { 'reeve.yaml': webStackFile({ name: 'gates', within: '2s' }), 'web.mjs': PROGRAMS.good },
    });
    const up = await stage.reeve('up');
    assert.equal(up.exit, 0, up.stderr);
  });

  after(() => stage.close());

  for (const { program, code, cause } of CASES) {
    test(`(${program}) leaves the running release untouched and says why`, async () => {
      const old = (await stage.status()).services[0]!.instances.map(({ pid }) => pid);
      const load = startLoad({ port: stage.edgePort, host: 'gates.localhost' });
      stage.write('web.mjs', PROGRAMS[program]);
      const deploy = await stage.reeve('deploy', '--json');
      const { requests, dropped, errors, reasons } = await load.stop();

      assert.equal(deploy.exit, 1, deploy.stdout + deploy.stderr);
      const { error } = JSON.parse(deploy.stdout) as { error: ErrorReport };
      assert.equal(error.code, code);
      assert.match(`${error.message} ${error.why ?? ''}`, cause);
      assert.ok(error.fix, 'it says what to do');
      assert.ok(error.undone && error.undone.length > 0, 'it says what was undone');
      if (program === 'exitsAtOnce') {
        assert.equal(error.log?.length, 20, 'the last 20 lines of its output');
        assert.match(error.log.at(-1)!, /exits-at-once: line 30/);
      } else {
        assert.ok(error.transcript && error.transcript.length > 0, 'what the probe asked and was answered');
      }

      assert.ok(requests > 0);
      assert.deepEqual({ dropped, errors, reasons }, { dropped: 0, errors: 0, reasons: [] });
      const { services, release } = await stage.status();
      assert.equal(release?.id, 1);
      assert.deepEqual(
        services[0]!.instances.map(({ pid }) => pid),
        old,
        'the same processes, and no other',
      );
    });
  }

  test('is told to people with cause, log and fix', async () => {
    stage.write('web.mjs', PROGRAMS.exitsAtOnce);
    const { exit, stderr, stdout } = await stage.reeve('deploy');
    const text = stdout + stderr;
    assert.equal(exit, 1);
    for (const part of [/Cannot /, /why /, /fix /, /undone /, /exits-at-once: line 30/])
      assert.match(text, part);
  });
});
