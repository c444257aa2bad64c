import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tcpHealth } from '../../test/worlds/supervision-world.ts';
import type { ProbeAnswer } from '../model/health.ts';
import { beginHealth, type HealthTrack, noteAnswer } from './health-track.ts';

const HEALTH = tcpHealth({ passes: 1, failures: 2 });
const GOOD: ProbeAnswer = { state: 'healthy', words: 'connected', tookMs: 1, progress: null };
const BAD: ProbeAnswer = { ...GOOD, state: 'unhealthy', words: 'connection refused' };
const NOT_ASKED: ProbeAnswer = { ...BAD, words: 'could not be asked', cause: 'not-asked' };

const after = (...answers: readonly ProbeAnswer[]): HealthTrack =>
  answers.reduce((track, answer, at) => noteAnswer(track, answer, HEALTH, at), beginHealth(HEALTH, 0, null));

test('health is what it was when the agent could not ask, however often', () => {
  const track = after(GOOD, NOT_ASKED, NOT_ASKED, NOT_ASKED, NOT_ASKED);
  assert.deepEqual([track.state, track.words, track.failures], ['healthy', 'connected', 0]);
  assert.equal(track.notes.at(-1)?.times, 4, 'and it is on record');
  assert.equal(after(NOT_ASKED).state, 'starting');
});

test('health has to be good again from the beginning for a gate when the agent could not ask', () => {
  assert.equal(after(GOOD, NOT_ASKED).goodSince, null);
  assert.equal(after(GOOD, NOT_ASKED, GOOD).goodSince, 2);
});

test('health counts bad answers on both sides of one that could not be asked for', () => {
  assert.equal(after(GOOD, BAD, NOT_ASKED, BAD).state, 'unhealthy');
});
