import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentEnvironment } from './agent-environment.ts';

const PATH =
  '/srv/x/node_modules/.bin:/node_modules/.bin:/usr/lib/node_modules/npm/node_modules/@npmcli/run-script/lib/node-gyp-bin:/usr/bin:/bin';

test('agentEnvironment leaves the folders of npm out when npm or npx started the command', () => {
  const env = { PATH, HOME: '/srv', npm_execpath: '/usr/lib/node_modules/npm/bin/npm-cli.js' };
  assert.deepEqual(agentEnvironment(env), { ...env, PATH: '/usr/bin:/bin' });
});

test('agentEnvironment leaves a PATH alone that a person has set', () => {
  const env = { PATH };
  assert.equal(agentEnvironment(env), env);
});
