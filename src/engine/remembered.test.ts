// What is remembered of a stack, and for how long.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { STACK } from '../../test/worlds/simulated-hands.ts';
import { deployRequest, SimulatedLife, type Written } from '../../test/worlds/simulated-life.ts';

const withReplicas = (replicas: number): Written => ({
  services: { web: { run: 'web', route: 'shop.localhost', health: { http: '/up' }, replicas } },
  bake: '0s',
  warm: '0s',
});

describe('a replica count set by scale', () => {
  test('does not come back when the file says another count and then the old one again', async () => {
    const life = new SimulatedLife();
    await life.deploys(withReplicas(1), 'r1');
    await life.does({ want: 'scale', stack: STACK, service: 'web', replicas: 3 });
    await life.deploys(withReplicas(2), 'r2');
    assert.equal(life.host.processes.size, 2);
    await life.deploys(withReplicas(1), 'r3');
    assert.equal(life.host.processes.size, 1);
  });

  test('stays when the deploy that said otherwise was taken back', async () => {
    const life = new SimulatedLife();
    await life.deploys(withReplicas(1), 'r1');
    await life.does({ want: 'scale', stack: STACK, service: 'web', replicas: 3 });
    life.agent.revision = 'r2';
    life.host.gates.set('web@2', { refuses: 'no answer' });
    await life.does(deployRequest(withReplicas(2)));
    await life.deploys(withReplicas(1), 'r3');
    assert.equal(life.host.processes.size, 3);
  });
});

describe('taking a stack down', () => {
  test('ends what an earlier stop could not end, before its records are forgotten', async () => {
    const life = new SimulatedLife();
    await life.deploys(withReplicas(1), 'r1');
    life.host.jobs.set('job-1-left', {
      ref: { stack: STACK, id: 'job-1-left' },
      state: 'running',
      fingerprint: '',
      process: null,
      startedAt: 0,
      exit: null,
      stdoutStart: 0,
      stderrStart: 0,
    });
    life.host.calls.length = 0;
    await life.does({ want: 'down', stack: STACK, purge: true });
    assert.ok(life.host.calls.indexOf('end left') < life.host.calls.indexOf('remove all'));
    assert.deepEqual([...life.host.jobs.keys()], []);
  });
});
