import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isReadByLoaders } from './loader-variables.ts';

describe('isReadByLoaders', () => {
  it('is true for what the linker, the C library and shells read when they start', () => {
    const names = [
      'LD_PRELOAD',
      'LD_LIBRARY_PATH',
      'LD_AUDIT',
      'BASH_ENV',
      'ENV',
      'GLIBC_TUNABLES',
      'MALLOC_PERTURB_',
    ];
    assert.deepEqual(
      names.filter((name) => !isReadByLoaders(name)),
      [],
    );
  });

  it('is false for whatever only begins like one of them, which may be a secret', () => {
    const names = [
      'LD_SDK_KEY',
      'BASH_TOKEN',
      'MALLOC_SECRET',
      'ENVIRONMENT',
      'LD_PRELOAD_KEY',
      'MY_LD_PRELOAD',
    ];
    assert.deepEqual(names.filter(isReadByLoaders), []);
  });
});
