// Runs named commands one after the other and says how long each took; ends with the first failure's exit code.
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..');

export type NamedCommand = { readonly name: string; readonly argv: readonly string[] };

/** A script of ours, or a tool from node_modules, on the project's own Node. */
export const onNode = (name: string, ...args: string[]): NamedCommand => ({
  name,
  argv: [join(root, 'bin/node'), ...args],
});

export const tool = (name: string): string => join(root, 'node_modules/.bin', name);

export const runSteps = (commands: readonly NamedCommand[]): void => {
  const began = performance.now();
  for (const { name, argv } of commands) {
    const start = performance.now();
    const { status } = spawnSync(argv[0]!, argv.slice(1), { cwd: root, stdio: 'inherit' });
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    if (status !== 0) {
      console.error(`\n${name}: failed after ${seconds} s`);
      process.exit(status ?? 1);
    }
    console.log(`${name}: ok in ${seconds} s`);
  }
  console.log(`\nAll of it in ${((performance.now() - began) / 1000).toFixed(1)} s`);
};
