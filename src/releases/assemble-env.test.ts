import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildJob, buildService, buildStack } from '../../test/worlds/stack-builder.ts';
import type { EnvFile, RequiredVariable, Stack } from '../model/stack.ts';
import { assembleEnv, envFilesOf } from './assemble-env.ts';

const envFile = (path: string, parts: Partial<EnvFile> = {}): EnvFile => ({
  path,
  optional: false,
  public: [],
  ...parts,
});
const required = (name: string, when: RequiredVariable['when'] = null): RequiredVariable => ({
  name,
  when,
  line: 7,
  column: 3,
});
const assemble = (stack: Stack, values: Readonly<Record<string, Record<string, string>>> = {}) =>
  assembleEnv({
    stack,
    stackFile: '/srv/reeve.yaml',
    files: envFilesOf(stack).map((file) => ({ file, values: values[file.path] ?? {} })),
  });

describe('assembleEnv', () => {
  it('lets the later win: stack, its files, the program, its files', () => {
    const web = buildService('web', { env: { C: 'web', D: 'web' }, envFiles: [envFile('/web')] });
    const stack = buildStack([web, buildService('plain')], {
      jobs: [buildJob('build', 'build', { env: { A: 'job' } })],
      env: { A: 'stack', B: 'stack', C: 'stack' },
      envFiles: [envFile('/one'), envFile('/two')],
    });
    const env = assemble(stack, {
      '/one': { B: 'one', X: 'one' },
      '/two': { X: 'two' },
      '/web': { D: 'file' },
    });
    assert.deepEqual(env.perService.web, { A: 'stack', B: 'one', X: 'two', C: 'web', D: 'file' });
    assert.deepEqual(env.perService.plain, { A: 'stack', B: 'one', X: 'two', C: 'stack' });
    assert.deepEqual(env.perJob.build, { A: 'job', B: 'one', X: 'two', C: 'stack' });
  });

  it('takes for secret what a file does not call public, and inline values whose name says so', () => {
    const web = buildService('web', { env: { API_KEY: 'k-123', LOG_LEVEL: 'info' } });
    const stack = buildStack([web], { envFiles: [envFile('/env', { public: ['NODE_ENV'] })] });
    const env = assemble(stack, { '/env': { NODE_ENV: 'production', URL: 'postgres://x', EMPTY: '' } });
    assert.deepEqual(env.secretValues.toSorted(), ['k-123', 'postgres://x']);
  });

  it('has the same fingerprint when the variables are the same, in whatever order, and another when one differs', () => {
    const of = (env: Record<string, string>) =>
      assemble(buildStack([buildService('web', { env })])).fingerprint;
    assert.equal(of({ A: '1', B: '2' }), of({ B: '2', A: '1' }));
    assert.notEqual(of({ A: '1', B: '2' }), of({ A: '1', B: '3' }));
  });

  it('says everything that is missing at once, with its place', () => {
    const web = buildService('web', { required: [required('WEB_KEY')] });
    const stack = buildStack([web, buildService('worker', { env: { DB: 'x' } })], {
      required: [required('DB')],
    });
    assert.deepEqual(
      assemble(stack).problems.map((it) => [it.code, it.file, it.line, it.column, it.message]),
      [
        [
          'env.required',
          '/srv/reeve.yaml',
          7,
          3,
          'Cannot run service "web" without "DB": it is not set or empty, a value is required',
        ],
        [
          'env.required',
          '/srv/reeve.yaml',
          7,
          3,
          'Cannot run service "web" without "WEB_KEY": it is not set or empty, a value is required',
        ],
      ],
    );
  });

  const conditions: readonly (readonly [
    env: Record<string, string>,
    equals: string | null,
    isMissing: boolean,
  ])[] = [
    [{ LOGIN: 'true' }, 'true', true],
    [{ LOGIN: 'false' }, 'true', false],
    [{}, 'true', false],
    [{ LOGIN: 'yes' }, null, true],
    [{ LOGIN: '' }, null, false],
    [{ LOGIN: 'true', JWT: 'x' }, 'true', false],
    [{ LOGIN: 'true', JWT: '' }, 'true', true],
  ];
  for (const [env, equals, isMissing] of conditions) {
    it(`${isMissing ? 'misses' : 'does not miss'} JWT when the variables are ${JSON.stringify(env)} and LOGIN ${equals ?? 'anything'} asks for it`, () => {
      const stack = buildStack([buildService('web', { env })], {
        required: [required('JWT', { variable: 'LOGIN', equals })],
      });
      const { problems } = assemble(stack);
      assert.equal(problems.length, isMissing ? 1 : 0);
      if (isMissing) assert.match(problems[0]!.message, /^Cannot run the stack without "JWT", which LOGIN/);
    });
  }

  it('reads a file once that several programs name', () => {
    const file = envFile('/env');
    const stack = buildStack(
      [buildService('a', { envFiles: [file] }), buildService('b', { envFiles: [file] })],
      { envFiles: [file] },
    );
    assert.deepEqual(envFilesOf(stack), [file]);
  });
});
