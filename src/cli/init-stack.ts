// The body of `reeve init`: looks at a folder, asks a little, writes a stack file where there is none.
import { basename, dirname, relative, resolve } from 'node:path';
import { existsSync } from 'node:fs';
import { Failure, Refusal } from '../model/error.ts';
import { isName } from '../model/names.ts';
import { hasErrors } from '../model/problem.ts';
import { type Proposal, proposeStackFile } from '../stack/detect.ts';
import type { Answers, FolderFacts } from '../stack/detect/facts.ts';
import { loadStack } from '../stack/load-stack.ts';
import { EXIT } from './exit-code.ts';
import { gatherFacts } from './gather-facts.ts';
import type { Output } from './output/output.ts';
import { span } from './output/text.ts';
import { writeNewFile } from './write-new-file.ts';

export type InitOptions = {
  /** Absolute. */
  readonly cwd: string;
  /** Where the stack file goes; relative to `cwd`. */
  readonly file: string;
  /** As typed. */
  readonly answers: {
    readonly name?: string;
    readonly run?: string;
    readonly port?: string;
    readonly health?: string;
  };
  /** Whether a person may be asked for what `answers` leaves open. */
  readonly canAsk: boolean;
  readonly output: Output;
};

/**
 * Writes the stack file and says what to check in it. Refusal `init.exists` where there is one already, and
 * `init.bad-answer` where an answer makes no sense; Failure `init.not-written`. Gives the exit code.
 */
export const runInit = async ({ cwd, file, answers, canAsk, output }: InitOptions): Promise<number> => {
  const path = resolve(cwd, file);
  const name = relative(cwd, path) || path;
  if (existsSync(path)) throw exists(name);
  const facts = gatherFacts(dirname(path));
  const said = readAnswers(answers);
  const given = canAsk ? await ask(facts, said) : said;
  if (given === null) return EXIT.interrupted;
  const proposal = proposeStackFile(facts, given);
  refuseBadAnswers(path, proposal);
  write(path, name, proposal.text);
  output.answer({ file: path, from: proposal.guess.from, notes: proposal.notes }, () => [
    [span(`Wrote ${name}`, 'bold'), span(`, from ${proposal.guess.from}`)],
    ...proposal.notes.map((note) => [span('check  ', 'yellow'), span(note)]),
    [span('next   ', 'dim'), span('read it through, then: reeve up')],
  ]);
  return EXIT.done;
};

const exists = (name: string): Refusal =>
  new Refusal('init.exists', `Cannot write "${name}": it exists, and is left as it is`, {
    fix: 'remove it first, or give another path with --file',
  });

const readAnswers = ({ port, ...rest }: InitOptions['answers']): Answers => {
  if (port === undefined) return rest;
  if (isPort(port)) return { ...rest, port: Number(port) };
  throw new Refusal(
    'init.bad-answer',
    `Cannot use "${port}" as a port: a number from 1 to 65534 is required`,
  );
};

// Two are needed: one for each seat.
const isPort = (text: string): boolean =>
  /^[0-9]{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_534;

/** The answers of the person, those already given left out; null where it was broken off. */
const ask = async (facts: FolderFacts, said: Answers): Promise<Answers | null> => {
  const { text, isCancel } = await import('@clack/prompts');
  const { guess } = proposeStackFile(facts, said);
  // Taken with Enter, gone with the first key: what is typed is never added to a guess.
  const suggest = (value: string) => ({ placeholder: value, defaultValue: value });
  const question = async (options: Parameters<typeof text>[0]): Promise<string | null> => {
    const answer = await text({ ...options, output: process.stderr });
    return isCancel(answer) ? null : (answer ?? '').trim();
  };
  const name =
    said.name ??
    (await question({
      message: 'What is the stack called?',
      ...suggest(guess.name),
      validate: (value) => (!value || isName(value) ? undefined : 'lower-case letters, digits and dashes'),
    }));
  if (name === null) return null;
  const run =
    said.run ??
    (await question({
      message: 'Which command starts the program?',
      ...suggest(guess.run),
      validate: (value) => (value && value.trim() === '' ? 'a command is required' : undefined),
    }));
  if (run === null) return null;
  const health =
    said.health ??
    (await question({
      message: 'Which path answers 200 when it is good? (leave it empty where its port is enough)',
      placeholder: 'for example /up',
      validate: (value) => (/^(\/\S*)?$/.test(value ?? '') ? undefined : 'a path that begins with /'),
    }));
  if (health === null) return null;
  // An answer that only confirms the guess is none: the guess may know more than one line, a shell for example.
  return {
    ...said,
    name,
    ...(run !== guess.run && { run }),
    ...(health !== '' && { health }),
  };
};

const refuseBadAnswers = (path: string, { text }: Proposal): void => {
  const { problems } = loadStack({ path, text });
  if (!hasErrors(problems)) return;
  const [first] = problems.filter((problem) => problem.severity === 'error');
  throw new Refusal('init.bad-answer', first!.message, {
    why: 'the stack file made of these answers would not be valid',
    ...(first!.expected !== undefined && { fix: `give ${first!.expected}` }),
    ...(first!.fix !== undefined && { fix: first!.fix }),
  });
};

const write = (path: string, name: string, text: string): void => {
  try {
    if (!writeNewFile(path, text)) throw exists(name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new Failure(
      'init.not-written',
      `Cannot write "${name}": the system says ${code}, a writable folder is required`,
      {
        fix: `check "${basename(dirname(path))}" with: ls -ld "${dirname(path)}"; df "${dirname(path)}"`,
        cause: error,
      },
    );
  }
};
