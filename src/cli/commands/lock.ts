import type { Command } from 'commander';
import { action } from '../session.ts';
import type { AcquireOptions, ReleaseOptions } from './lock-actions.ts';
import type { RunOptions } from './lock-run.ts';

export const register = (program: Command): void => {
  const lock = program
    .command('lock')
    .description('Who may change the stack now: the lock, also for your own scripts. Needs no agent.');
  lock
    .command('status')
    .description('say who has the lock, since when and why')
    .addHelpText('after', '\nExample:\n  $ reeve lock status')
    .action(action(async (session) => (await import('./lock-actions.ts')).lockStatus(session)));
  lock
    .command('current')
    .description('print the one word of who has it: free, deploy, or a name')
    .addHelpText('after', '\nExample:\n  $ [ "$(reeve lock current)" = free ] && echo "nobody has it"')
    .action(action(async (session) => (await import('./lock-actions.ts')).lockCurrent(session)));
  registerAcquire(lock);
  registerRelease(lock);
  registerRun(lock);
};

const registerAcquire = (lock: Command): void => {
  lock
    .command('acquire <owner>')
    .description('take the lock; it is yours until released by task, or until the process of --pid ends')
    .requiredOption('--task <task>', 'what it is for; asking again for the same task is fine')
    .option('--reason <text>', 'one line for people')
    .option('--wait <duration>', 'wait so long for it, for example 30s')
    .option('--pid <pid>', 'the process whose life it hangs on, for example $$')
    .addHelpText(
      'after',
      '\nExit codes: 0 it is yours, 2 another has it, 4 another still had it after --wait\n\nExample:\n  $ reeve lock acquire export --task nightly --pid $$ --wait 10m',
    )
    .action(
      action(async (session, owner: string, options: AcquireOptions) =>
        (await import('./lock-actions.ts')).lockAcquire(session, owner, options),
      ),
    );
};

const registerRelease = (lock: Command): void => {
  lock
    .command('release')
    .description('let the lock go')
    .option('--task <task>', 'the task it was taken for')
    .option('--force', 'whatever it was taken for; says whose with --yes-i-mean')
    .option('--yes-i-mean <owner>', 'with --force: the owner it is taken from')
    .addHelpText(
      'after',
      '\nExit codes: 0 it is free, 3 it is held for another task or by another owner\n\nExample:\n  $ reeve lock release --task nightly',
    )
    .action(
      action(async (session, options: ReleaseOptions) =>
        (await import('./lock-actions.ts')).lockRelease(session, options),
      ),
    );
};

const registerRun = (lock: Command): void => {
  lock
    .command('run <command...>')
    .description('hold the lock for the life of a command, and end with its exit code')
    .option('--owner <owner>', 'who has it', 'export')
    .option('--task <task>', 'what it is for (default: this run alone)')
    .option('--reason <text>', 'one line for people (default: the program)')
    .option('--wait <duration>', 'wait so long for it, for example 30s')
    .addHelpText(
      'after',
      '\nExit codes: those of the command; 2 another has the lock, 4 another still had it after --wait\n\nExample:\n  $ reeve lock run --owner export --wait 10m -- pg_dump -Fc shop -f shop.dump',
    )
    .action(
      action(async (session, command: string[], options: RunOptions) =>
        (await import('./lock-run.ts')).lockRun(session, command, options),
      ),
    );
};
