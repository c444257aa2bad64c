import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nothingObserved } from '../../test/worlds/observed-builder.ts';
import { aRelease } from '../../test/worlds/release-builder.ts';
import type { Refusal } from '../model/error.ts';
import { chooseRollback } from './choose-rollback.ts';

const observed = {
  ...nothingObserved(),
  currentRelease: aRelease({ id: 6, state: 'current' }),
  releases: [
    aRelease({ id: 1, state: 'stable' }),
    aRelease({ id: 2, state: 'stable' }),
    aRelease({ id: 3, state: 'stable', stateReason: 'somebody went back from it to release 2' }),
    aRelease({ id: 4, state: 'bad', stateReason: 'its gate refused it' }),
    aRelease({ id: 5, state: 'candidate' }),
    aRelease({ id: 6, state: 'current' }),
    aRelease({ id: 7, state: 'stable' }),
  ],
};

test('a rollback goes to the newest good release before the current one that nobody went back from', () => {
  assert.equal(chooseRollback(observed, null).id, 2);
});

test('a rollback goes wherever it is told to, also to what somebody went back from', () => {
  assert.equal(chooseRollback(observed, 3).id, 3);
});

test('a rollback to a bad release is refused with what was wrong with it', () => {
  assert.throws(
    () => chooseRollback(observed, 4),
    ({ report }: Refusal) => report.code === 'release.bad' && report.why === 'its gate refused it',
  );
});
