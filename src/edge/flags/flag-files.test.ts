import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_FLAGS } from '../../model/edge.ts';
import { fileNamesOf, flagsOfFileNames } from './flag-files.ts';

describe('flags as file names', () => {
  it('have a name for each green slot and each held service, sorted, and none for blue ones', () => {
    const flags = {
      seats: { 'web.2': 'green', 'web.1': 'blue', 'api.1': 'green' },
      held: ['web', 'web'],
      maintenance: ['api'],
    } as const;
    assert.deepEqual(fileNamesOf(flags), ['api.1.green', 'api.maintenance', 'web.2.green', 'web.hold']);
  });

  it('come back as they were, without the blue ones', () => {
    const flags = {
      seats: { 'api.1': 'green', 'web.2': 'green' },
      held: ['web'],
      maintenance: ['api'],
    } as const;
    assert.deepEqual(flagsOfFileNames(fileNamesOf(flags)), flags);
    assert.deepEqual(flagsOfFileNames(fileNamesOf(NO_FLAGS)), NO_FLAGS);
  });

  it('pass over names that are not flags', () => {
    assert.deepEqual(
      flagsOfFileNames(['README', '.x.hold', 'web.one.green', 'WEB.1.green', 'web.1.green.bak', 'web.hold~']),
      NO_FLAGS,
    );
  });

  it('refuse a key that could lead out of the folder', () => {
    for (const key of ['../web.1', 'web', 'web.0', 'web.1.2', 'web.x', '.1']) {
      assert.throws(() => fileNamesOf({ ...NO_FLAGS, seats: { [key]: 'green' } }), RangeError, key);
    }
    assert.throws(() => fileNamesOf({ ...NO_FLAGS, held: ['a/b'] }), RangeError);
  });
});
