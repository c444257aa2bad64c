// Deploys of every strategy while clients that never retry send requests, a third of them POST.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { startLoad } from '../../scripts/demo/load.ts';
import { openStage, type Stage } from '../worlds/stage.ts';
import { PROGRAMS, webStackFile } from '../worlds/web-stack.ts';

const CASES = [
  { strategy: 'swap', replicas: 2 },
  { strategy: 'rolling', replicas: 3 },
  { strategy: 'recreate', replicas: 1 },
] as const;

for (const { strategy, replicas } of CASES) {
  describe(`${strategy} with ${replicas} replica(s)`, () => {
    const name = `load-${strategy}`;
    let stage: Stage;

    after(() => stage.close());

    test('drops no request over deploy, rollback and restart', async () => {
      const file = webStackFile({ name, strategy, replicas, warm: '1m' });
      stage = await openStage({ stack: name, files: { 'reeve.yaml': file, 'web.mjs': PROGRAMS.good } });
      const up = await stage.reeve('up');
      assert.equal(up.exit, 0, up.stderr);

      const load = startLoad({ port: stage.edgePort, host: `${name}.localhost` });
      stage.edit('web.mjs', 'good: listening', 'good: listening again');
      const ran = [
        await stage.reeve('deploy'),
        await stage.reeve('rollback'),
        await stage.reeve('restart', 'web'),
      ];
      const { requests, ...failures } = await load.stop();

      assert.deepEqual(
        ran.map(({ exit }) => exit),
        [0, 0, 0],
        ran.map(({ stderr }) => stderr).join('\n'),
      );
      assert.ok(requests > 100, `${requests} requests`);
      assert.deepEqual(
        { dropped: failures.dropped, errors: failures.errors, reasons: failures.reasons },
        { dropped: 0, errors: 0, reasons: [] },
      );
      const { release, services } = await stage.status();
      assert.equal(release?.id, 1);
      const serving = services[0]!.instances.filter(({ warmUntil }) => warmUntil === null);
      assert.equal(serving.length, replicas);
      assert.ok(serving.every(({ health }) => health === 'healthy'));
    });
  });
}
