import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toGitError } from './git-error.ts';

const SAID: readonly (readonly [stderr: string, code: string])[] = [
  ["fatal: unable to access 'https://x/': Could not resolve host: x", 'source.unreachable'],
  [
    "fatal: unable to access 'http://127.0.0.1:1/x/': Failed to connect to 127.0.0.1 port 1",
    'source.unreachable',
  ],
  [
    'ssh: connect to host x port 22: Connection refused\nfatal: Could not read from remote repository.',
    'source.unreachable',
  ],
  ["fatal: unable to access 'https://x/': The requested URL returned error: 503", 'source.unreachable'],
  ['fatal: Could not read from remote repository.', 'source.unreachable'],
  ["fatal: Authentication failed for 'https://x/'", 'source.auth-refused'],
  ["fatal: could not read Username for 'https://x': terminal prompts disabled", 'source.auth-refused'],
  ["fatal: unable to access 'https://x/': The requested URL returned error: 403", 'source.auth-refused'],
  [
    'git@x: Permission denied (publickey).\nfatal: Could not read from remote repository.',
    'source.auth-refused',
  ],
  ['Host key verification failed.\nfatal: Could not read from remote repository.', 'source.auth-refused'],
  ["remote: Repository not found.\nfatal: repository 'https://x/' not found", 'source.missing'],
  [
    "fatal: '/srv/x.git' does not appear to be a git repository\nfatal: Could not read from remote repository.",
    'source.missing',
  ],
  ['fatal: write error: No space left on device', 'store.full'],
  ["fatal: Unable to create '/x/packed-refs.lock': File exists.", 'source.git'],
];

const result = (parts: object) => ({
  code: 128,
  stdout: '',
  stderr: '',
  timedOut: false,
  isAbsent: false,
  ...parts,
});

describe('toGitError', () => {
  for (const [stderr, code] of SAID) {
    it(`is ${code} when git says ${JSON.stringify(stderr.slice(0, 60))}`, () => {
      const { report } = toGitError(result({ stderr }), 'https://x/');
      assert.equal(report.code, code);
      assert.match(report.message, /^Cannot (fetch|read) "https:\/\/x\/": /);
    });
  }

  it('is unreachable when git did not end in time, and says so when there is no git', () => {
    assert.equal(toGitError(result({ timedOut: true, code: null }), 'x').report.code, 'source.unreachable');
    assert.equal(toGitError(result({ isAbsent: true, code: null }), 'x').report.code, 'source.no-git');
  });
});
