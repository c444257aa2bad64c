import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildJob, buildRevision, buildService, buildStack } from '../../test/worlds/stack-builder.ts';
import type { Stack } from '../model/stack.ts';
import { serviceFingerprints } from './fingerprint.ts';

const web = buildService('web', { routes: ['shop.localhost'] });
const worker = buildService('worker');
const stack = buildStack([web, worker], {
  jobs: [buildJob('install', 'build'), buildJob('migrate', 'before')],
});
const revision = buildRevision('a1b2c3 First');
const env = { perService: { web: { A: '1' }, worker: {} }, perJob: { install: {}, migrate: {} } };
const before = serviceFingerprints(stack, revision, env);

const withWeb = (parts: Partial<typeof web>): Stack => ({
  ...stack,
  services: [{ ...web, ...parts }, worker],
});

describe('serviceFingerprints', () => {
  const same: readonly (readonly [what: string, stack: Stack])[] = [
    ['replicas', withWeb({ replicas: 5 })],
    ['routes', withWeb({ routes: [] })],
    ['strategy', withWeb({ strategy: 'rolling' })],
    ['order', withWeb({ dependsOn: [{ service: 'worker', condition: 'healthy' }] })],
    ['drain and hold', withWeb({ drainMs: 1, holdMs: 1 })],
    ['jobs that build nothing', { ...stack, jobs: [stack.jobs[0]!] }],
    ['retention and bake', { ...stack, warmMs: 1, retention: { ...stack.retention, releases: 1 } }],
  ];
  for (const [what, changed] of same) {
    it(`stay the same when only ${what} changed`, () => {
      assert.deepEqual(serviceFingerprints(changed, revision, env), before);
    });
  }

  const other: readonly (readonly [what: string, stack: Stack])[] = [
    ['command', withWeb({ command: { argv: ['x'], shell: false } })],
    ['port', withWeb({ port: 3000 })],
    ['health', withWeb({ health: { ...web.health, passes: 9 } })],
    ['limits', withWeb({ limits: { memoryBytes: 1, cpus: null, tasks: null } })],
    ['user', withWeb({ user: 'app' })],
    ['stop', withWeb({ stop: { signal: 'SIGINT', graceMs: 1 } })],
  ];
  for (const [what, changed] of other) {
    it(`change for that service alone when its ${what} changed`, () => {
      const after = serviceFingerprints(changed, revision, env);
      assert.notEqual(after.web, before.web);
      assert.equal(after.worker, before.worker);
    });
  }

  it('change for that service alone when its environment changed', () => {
    const after = serviceFingerprints(stack, revision, {
      ...env,
      perService: { ...env.perService, web: { A: '2' } },
    });
    assert.notEqual(after.web, before.web);
    assert.equal(after.worker, before.worker);
  });

  it('change for every service when what the tree is made of changed', () => {
    const builds = [
      buildJob('install', 'build', { command: { argv: ['other'], shell: false } }),
      stack.jobs[1]!,
    ];
    const trees = [
      serviceFingerprints(stack, buildRevision('ffff Next'), env),
      serviceFingerprints({ ...stack, shared: ['data'] }, revision, env),
      serviceFingerprints({ ...stack, jobs: builds }, revision, env),
    ];
    for (const after of trees) {
      assert.notEqual(after.web, before.web);
      assert.notEqual(after.worker, before.worker);
    }
  });

  it('stay the same when only the words about the revision changed', () => {
    assert.deepEqual(serviceFingerprints(stack, { ...revision, summary: 'Other words' }, env), before);
  });
});
