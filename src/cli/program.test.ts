import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from 'commander';
import { cli, silentWorld } from '../../test/worlds/cli-world.ts';
import { readWords } from './completion/words.ts';
import { COMMAND_NAMES, openWholeProgram } from './program.ts';
import { renderCommandReference } from './render-command-reference.ts';

const env = { REEVE_HOME: '/nonexistent' };

const everyCommand = async (): Promise<
  readonly { readonly path: readonly string[]; readonly command: Command }[]
> => {
  const program = await openWholeProgram({ world: silentWorld(), exitCode: 0 });
  const walk = (command: Command, path: readonly string[]): { path: readonly string[]; command: Command }[] =>
    (command.commands as readonly Command[]).flatMap((child) => {
      const own = [...path, child.name()];
      return [{ path: own, command: child }, ...walk(child, own)];
    });
  return walk(program, []);
};

test('every command has a summary, and help with an example of itself', async () => {
  for (const { path, command } of await everyCommand()) {
    const words = path.join(' ');
    const { code, stdout } = await cli([...path, '--help'], { env });
    assert.equal(code, 0, words);
    assert.match(command.description(), /^\S.{10,120}$/, words);
    assert.ok(stdout.startsWith(`Usage: reeve ${words}`), words);
    // A group shows its commands, and they have the examples.
    const examples = stdout.slice(
      stdout.search(command.commands.length > 0 ? /^Commands:$/m : /^Examples?:$/m),
    );
    const expected = command.commands.length > 0 ? command.commands[0]!.name() : `reeve ${words}`;
    assert.ok(examples.includes(expected), `reeve ${words} --help shows no example`);
    assert.match(stdout, /--json/, words);
  }
});

test('every argument and option of every command says what it is', async () => {
  for (const { path, command } of await everyCommand()) {
    for (const option of command.options)
      assert.notEqual(option.description, '', `${path.join(' ')} ${option.flags}`);
  }
});

test('the command table has the commands it names, each under its name', async () => {
  const paths = (await everyCommand()).filter(({ path }) => path.length === 1).map(({ path }) => path[0]);
  assert.deepEqual(paths, COMMAND_NAMES);
});

test('the reference has every command, option and exit code', async () => {
  const page = await renderCommandReference();
  for (const { path, command } of await everyCommand()) {
    assert.ok(page.includes(`# reeve ${path.join(' ')}\n`), path.join(' '));
    for (const option of command.options) assert.ok(page.includes(`\`${option.flags}\``), option.flags);
  }
  for (const code of [0, 1, 2, 3, 4, 5, 69, 70, 130]) assert.ok(page.includes(`| ${code} |`), String(code));
});

test('completion knows every command with its options, the common ones too', async () => {
  const program = await openWholeProgram({ world: silentWorld(), exitCode: 0 });
  const words = readWords(program);
  const deploy = words.find(({ path }) => path === 'deploy');
  const flags = deploy?.options.flatMap((option) => option.flags) ?? [];
  for (const flag of ['--ref', '--force', '--wait', '--detach', '--json', '--stack', '--help']) {
    assert.ok(flags.includes(flag), flag);
  }
  assert.deepEqual(
    words.find(({ path }) => path === 'changes')?.commands.map(({ name }) => name),
    ['list', 'show', 'follow', 'cancel'],
  );
});
