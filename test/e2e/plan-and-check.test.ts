import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { Plan } from '../../src/model/plan.ts';
import { openStage, type Stage } from '../worlds/stage.ts';
import { PROGRAMS, webStackFile } from '../worlds/web-stack.ts';

describe('plan', () => {
  let stage: Stage;

  before(async () => {
    stage = await openStage({
      stack: 'planned',
      files: { 'reeve.yaml': webStackFile({ name: 'planned' }), 'web.mjs': PROGRAMS.good },
    });
  });

  after(() => stage.close());

  test('--check exits 5 when there is something to do, and the plan that is printed changes nothing', async () => {
    const check = await stage.reeve('plan', '--check');
    assert.equal(check.exit, 5, check.stderr);
    assert.match(check.stdout, /Start web of release 1/);
    assert.ok(!existsSync(`${stage.env.REEVE_HOME}/stacks/planned/releases`));
  });

  test('--json gives the plan that up then runs', async () => {
    const { plan } = JSON.parse((await stage.reeve('plan', '--json')).stdout) as { plan: Plan };
    const up = await stage.reeve('up');
    assert.equal(up.exit, 0, up.stderr);
    const ran = (await stage.lastChange()).plan;
    const sentences = (of: Plan): string[] => of.steps.map(({ sentence }) => sentence);
    assert.deepEqual(sentences(ran), sentences(plan));
  });

  test('says that there is nothing to do, and --check exits 0', async () => {
    const check = await stage.reeve('plan', '--check');
    assert.equal(check.exit, 0, check.stdout + check.stderr);
    assert.match(check.stdout, /[Nn]othing to do/);
    const up = await stage.reeve('up');
    assert.equal(up.exit, 0);
    assert.match(up.stdout + up.stderr, /[Nn]othing to do/);
    assert.equal((await stage.lastChange()).id, 1, 'no change was made for it');
  });

  test('of a broken stack file is refused with every problem and its position', async () => {
    stage.edit('reeve.yaml', 'deploy: swap', 'deploy: swop');
    stage.edit('reeve.yaml', 'replicas: 1', 'replicas: many');
    const { exit, stderr, stdout } = await stage.reeve('deploy');
    assert.equal(exit, 2);
    assert.match(stdout + stderr, /reeve\.yaml:\d+:\d+/);
    assert.match(stdout + stderr, /swop/);
    assert.match(stdout + stderr, /many/);
    assert.equal((await stage.lastChange()).id, 1);
  });
});
