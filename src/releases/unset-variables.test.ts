import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isReported } from '../model/error.ts';
import { buildJob, buildService, buildStack } from '../../test/worlds/stack-builder.ts';
import { refuseUnsetVariables } from './unset-variables.ts';

const command = (...argv: string[]) => ({ argv, shell: false });

test('commands may name what their programs get: inherited, of Reeve, of the stack; a port only where there is one', () => {
  const web = buildService('web', {
    port: 'auto',
    command: command('$REEVE_NODE', '$PORT', '$TOKEN', '$REEVE_SHARED'),
  });
  const stack = buildStack([web]);
  refuseUnsetVariables(stack, { perService: { web: { TOKEN: 'x' } }, perJob: {} }, { REEVE_NODE: '/node' });
});

test('commands that name variables nobody sets are refused, all at once, with whose they are', () => {
  const worker = buildService('worker', { port: null, command: command('run', '$PORT', '${QUEUE}') });
  const build = buildJob('build', 'build', { command: command('make', '$TARGET') });
  const stack = buildStack([worker], { jobs: [build] });
  assert.throws(
    () => refuseUnsetVariables(stack, { perService: {}, perJob: {} }, {}),
    (error) =>
      isReported(error) &&
      error.report.code === 'command.unset-variable' &&
      ['$PORT of "worker"', '$QUEUE of "worker"', '$TARGET of "build"'].every((part) =>
        error.report.message.includes(part),
      ),
  );
});
