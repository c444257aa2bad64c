import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean } from './did-you-mean.ts';
import { translateKey } from './schema/other-names.ts';

const KEYS = ['run', 'route', 'replicas', 'depends_on', 'health', 'restart', 'deploy'];

test('didYouMean finds the key when a letter is wrong, missing, doubled or swapped', () => {
  const cases = {
    helth: 'health',
    heatlh: 'health',
    replicass: 'replicas',
    replcias: 'replicas',
    dependsOn: 'depends_on',
    'depends-on': 'depends_on',
    RUN: 'run',
    rout: 'route',
  };
  for (const [written, meant] of Object.entries(cases))
    assert.equal(didYouMean(written, KEYS), meant, written);
});

test('didYouMean gives null when nothing is near', () => {
  for (const written of ['', 'colour', 'x', 'xyz', 'h'.repeat(5000)])
    assert.equal(didYouMean(written, KEYS), null, written);
});

test('translateKey knows the words of other tools, among the keys of that place only', () => {
  assert.equal(translateKey('command', KEYS), 'run');
  assert.equal(translateKey('health-check', KEYS), 'health');
  assert.equal(translateKey('environment', KEYS), null);
  assert.equal(translateKey('constructor', KEYS), null);
});
