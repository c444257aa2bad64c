import type { Command } from 'commander';
import { withExamples } from '../examples.ts';
import { readDuration, readId } from '../read-option.ts';
import { action } from '../session.ts';
import type { AcquireOptions, ReleaseOptions } from './lock-actions.ts';
import type { RunOptions } from './lock-run.ts';

export const register = (program: Command): void => {
  const lock = program
    .command('lock')
    .description('Who may change the stack now: see, take, release the lock. Works without an agent.');
  withExamples(
    lock,
    ['reeve lock', 'who has it, since when and why'],
    ['reeve lock run -- ./backup.sh', 'no deploy while the script runs'],
  );
  registerStatus(lock);
  registerCurrent(lock);
  registerAcquire(lock);
  registerRelease(lock);
  registerRun(lock);
};

const registerStatus = (lock: Command): void => {
  const command = lock
    .command('status', { isDefault: true })
    .description('Say who has the lock, since when and why.')
    .action(action(async (session) => (await import('./lock-actions.ts')).lockStatus(session)));
  withExamples(command, ['reeve lock status', 'who has it'], ['reeve lock status --json', 'as data']);
};

const registerCurrent = (lock: Command): void => {
  const command = lock
    .command('current')
    .description('Print the one word of who has the lock: free, deploy, or another name.')
    .action(action(async (session) => (await import('./lock-actions.ts')).lockCurrent(session)));
  withExamples(command, ['test "$(reeve lock current)" = free', 'whether nobody has it']);
};

const registerAcquire = (lock: Command): void => {
  const command = lock
    .command('acquire <owner>')
    .description('Take the lock, until its task releases it (exit code 2 or 4 where another has it)')
    .requiredOption('--task <task>', 'what it is for')
    .option('--reason <text>', 'one line for people')
    .option('--wait <duration>', 'wait for it so long at most', readDuration)
    .option('--pid <pid>', 'the process whose life the lock hangs on', readId)
    .action(
      action(async (session, owner: string, options: AcquireOptions) =>
        (await import('./lock-actions.ts')).lockAcquire(session, owner, options),
      ),
    );
  withExamples(
    command,
    ['reeve lock acquire export --task nightly --pid $$', 'for the life of a shell script'],
    ['reeve lock acquire ann --task move-data --wait 10m', 'until it is released by its task'],
  );
};

const registerRelease = (lock: Command): void => {
  const command = lock
    .command('release')
    .description('Let the lock go. Exit code 3 where it is held for another task.')
    .option('--task <task>', 'the task it was taken for')
    .option('--force', 'whatever it was taken for, with --yes-i-mean')
    .option('--yes-i-mean <owner>', 'the owner that it is taken away from')
    .action(
      action(async (session, options: ReleaseOptions) =>
        (await import('./lock-actions.ts')).lockRelease(session, options),
      ),
    );
  withExamples(
    command,
    ['reeve lock release --task nightly', 'by the one who took it'],
    ['reeve lock release --force --yes-i-mean export', 'by somebody who knows better'],
  );
};

const registerRun = (lock: Command): void => {
  const command = lock
    .command('run <command...>')
    .description('Hold the lock for the life of a command, and end with its exit code')
    .option('--owner <owner>', 'who has it', 'export')
    .option('--task <task>', 'what it is for (default: this run alone)')
    .option('--reason <text>', 'one line for people (default: the program)')
    .option('--wait <duration>', 'wait for the lock so long at most', readDuration)
    .action(
      action(async (session, argv: string[], options: RunOptions) =>
        (await import('./lock-run.ts')).lockRun(session, argv, options),
      ),
    );
  withExamples(
    command,
    ['reeve lock run -- ./backup.sh', 'no deploy while the script runs'],
    ['reeve lock run --wait 10m --task dump -- pg_dump -f shop.sql shop', 'after the deploy that runs now'],
  );
};
