// Runs a program in the place of a service: its folder, its environment, its user.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import type { ExecContext } from '../api/wire.ts';
import { Failure, Refusal } from '../model/error.ts';
import type { Session } from './session.ts';

/** As shells say it: no such program. */
const NOT_FOUND_EXIT = 127;

/** The program's own exit code; 128 and the signal's number where one ended it. */
export const runInContext = async ({ output, world }: Session, context: ExecContext): Promise<number> => {
  const [program, ...args] = asUser(context, world.uid, world.user);
  const child = spawn(program!, args, {
    cwd: context.workingFolder,
    env: { ...terminalVariables(world.env), ...context.env },
    stdio: output.isJson ? ['inherit', 'pipe', 'pipe'] : 'inherit',
  });
  // Ctrl-C goes to the whole foreground group: what it means is the program's affair.
  world.leaveInterrupts();
  const [stdout, stderr, end] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    endOf(child, context),
  ]);
  const exitCode = end.signal === null ? (end.code ?? 0) : 128 + constants.signals[end.signal];
  output.answer({ exitCode, signal: end.signal, stdout, stderr }, () => []);
  return exitCode;
};

type End = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

const endOf = (child: ChildProcess, { argv, workingFolder }: ExecContext): Promise<End> =>
  new Promise((resolve, reject) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new Failure(
          'exec.not-started',
          `Cannot run "${argv[0]}" in "${workingFolder}": ${error.code ?? error.message}`,
          {
            fix: 'check that the program is on the PATH of the service, and that its folder is still there',
            exit: NOT_FOUND_EXIT,
            cause: error,
          },
        ),
      ),
    );
  });

const textOf = async (stream: AsyncIterable<Buffer> | null): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
};

// What a program needs to know about the terminal it is on, which is ours and not the service's.
const terminalVariables = (env: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(
    ['TERM', 'COLORTERM', 'COLUMNS', 'LINES'].flatMap((name) =>
      env[name] === undefined ? [] : [[name, env[name]]],
    ),
  );

// setpriv(1) of util-linux takes the user's groups too, which Node's own uid and gid do not.
const asUser = ({ argv, user }: ExecContext, uid: number, own: string): readonly string[] => {
  if (user === null || (user === own && uid !== 0)) return argv;
  const wanted = idOf('-u', user);
  if (wanted === uid) return argv;
  if (uid !== 0) {
    throw new Refusal(
      'exec.other-user',
      `Cannot run "${argv[0]}" as "${user}": you are "${own}", root or that user is required`,
      {
        fix: 'give the command as root or as that user',
      },
    );
  }
  return [
    'setpriv',
    '--reuid',
    String(wanted),
    '--regid',
    String(idOf('-g', user)),
    '--init-groups',
    '--',
    ...argv,
  ];
};

const idOf = (flag: '-u' | '-g', user: string): number => {
  const { status, stdout } = spawnSync('id', [flag, '--', user], { encoding: 'utf8' });
  const id = Number.parseInt(stdout, 10);
  if (status === 0 && Number.isInteger(id)) return id;
  throw new Failure('exec.no-user', `Cannot run a command as "${user}": this host has no such user`);
};
