// The options that every command with a change has.
import type { Command } from 'commander';
import { readDuration } from './read-option.ts';

export type ChangeFlags = { readonly wait?: number; readonly detach?: boolean };

export const withWait = (command: Command): Command =>
  command.option(
    '--wait <duration>',
    'how long to wait for the lock or a running change, for example 10m',
    readDuration,
  );

export const withChangeFlags = (command: Command): Command =>
  withWait(command).option('--detach', 'return as soon as the agent has it; do not follow it');

/** The part of a wish that is the same for all. */
export const waitOf = ({ wait }: ChangeFlags): { waitMs?: number } =>
  wait === undefined ? {} : { waitMs: wait };

export const detachOf = ({ detach }: ChangeFlags): { detach: boolean } => ({ detach: detach ?? false });
