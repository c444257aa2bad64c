import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Refusal } from '../model/error.ts';
import { checkRef, loginSettings, parseGitAddress, secretsOf } from './git-address.ts';

describe('parseGitAddress', () => {
  it('takes the credentials out of an http URL', () => {
    const address = parseGitAddress('https://ann:p%40ss@git.example/shop.git');
    assert.deepEqual(address, {
      url: 'https://git.example/shop.git',
      login: { username: 'ann', password: 'p@ss' },
    });
    assert.deepEqual(secretsOf(address), ['p@ss']);
    assert.equal(loginSettings(address).args.join(' ').includes('p@ss'), false, 'no password in arguments');
  });

  it('takes a user name alone for a token', () => {
    assert.deepEqual(secretsOf(parseGitAddress('https://tok_12345@git.example/shop.git')), ['tok_12345']);
  });

  for (const url of [
    'git@host:shop.git',
    'ssh://git@host/shop.git',
    '/srv/shop.git',
    'file:///srv/shop.git',
  ]) {
    it(`leaves ${url} as it is`, () => assert.deepEqual(parseGitAddress(url), { url, login: null }));
  }

  for (const url of [
    '',
    '-oProxyCommand=x',
    '--upload-pack=x',
    'ext::sh -c x',
    'EXT::x',
    'a\nb',
    'https://',
  ]) {
    it(`refuses ${JSON.stringify(url)}`, () => assert.throws(() => parseGitAddress(url), Refusal));
  }

  it('shows no password of a URL that it refuses', () => {
    assert.throws(
      () => parseGitAddress('https://ann:hunter2@exa mple/x'),
      (error: Error) => error instanceof Refusal && !error.message.includes('hunter2'),
    );
  });
});

describe('checkRef', () => {
  for (const ref of ['main', 'v1.2.3', 'feature/a-b', 'a1b2c3d', 'release@2', 'HEAD']) {
    it(`takes ${ref}`, () => assert.equal(checkRef(ref), ref));
  }
  for (const ref of [
    '',
    '-f',
    '--all',
    'a..b',
    'a b',
    'a:b',
    'a^',
    'a~1',
    'a@{1}',
    '/a',
    'a/',
    'a.lock',
    'a\n',
    'a*',
  ]) {
    it(`refuses ${JSON.stringify(ref)}`, () => assert.throws(() => checkRef(ref), Refusal));
  }
});
