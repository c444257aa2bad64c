import { Failure, isReported } from '../model/error.ts';
import { hasErrors, type Problem } from '../model/problem.ts';
import type { Release } from '../model/release.ts';
import type { EnvFile, Stack } from '../model/stack.ts';
import type { Redactor } from '../ports/redactor.ts';
import type { ReadEnvFile, SecretSource } from '../ports/secret-source.ts';
import { type AssembledEnv, assembleEnv, envFilesOf } from './assemble-env.ts';

export type EnvQuestion = {
  readonly stack: Stack;
  /** Path of the stack file, for the problems. */
  readonly stackFile: string;
  readonly secrets: SecretSource;
};

/**
 * Reads every env file of a stack and assembles what its programs get. Never throws for what is in the files or for
 * one that is missing: `problems` has everything at once, before anything starts.
 */
export const readEnv = async ({ stack, stackFile, secrets }: EnvQuestion): Promise<AssembledEnv> => {
  const outcomes = await Promise.all(envFilesOf(stack).map((file) => readOne(file, secrets)));
  const files = outcomes.flatMap(({ read }) => (read ? [read] : []));
  const env = assembleEnv({ stack, stackFile, files });
  const unread = outcomes.flatMap(({ problems }) => problems);
  // What is missing while a file could not be read is most likely in that file.
  return unread.length === 0 ? env : { ...env, problems: unread };
};

/**
 * The environment that a release was planned with, read once more and taught to the redactor. Failure `env.moved`
 * where the files say something else by now.
 */
export const readSameEnv = async (
  { secrets, redactor }: { readonly secrets: SecretSource; readonly redactor: Redactor },
  { id, stack, envFingerprint }: Release,
): Promise<AssembledEnv> => {
  const env = await readEnv({ stack, stackFile: 'reeve.yaml', secrets });
  redactor.learn(env.secretValues);
  if (env.fingerprint === envFingerprint) return env;
  throw new Failure(
    'env.moved',
    `Cannot place release ${id} of "${stack.name}": its env files changed since it was planned, the same variables are required`,
    {
      fix: 'deploy again: the release is then planned with what the files say now',
      retryable: true,
      ...(hasErrors(env.problems) ? { problems: env.problems } : {}),
    },
  );
};

const readOne = async (
  file: EnvFile,
  secrets: SecretSource,
): Promise<{ readonly read: ReadEnvFile | null; readonly problems: readonly Problem[] }> => {
  try {
    return { read: await secrets.read(file), problems: [] };
  } catch (error) {
    if (!isReported(error) || error.report.kind !== 'refusal') throw error;
    return { read: null, problems: error.report.problems ?? [asProblem(file, error.report)] };
  }
};

const asProblem = (
  file: EnvFile,
  { code, message, fix }: { readonly code: string; readonly message: string; readonly fix?: string },
): Problem => ({
  code,
  severity: 'error',
  file: file.path,
  line: 1,
  column: 1,
  message,
  ...(fix === undefined ? {} : { fix }),
});
