import type { Problem } from '../model/problem.ts';
import type { EnvFile, Job, RequiredVariable, Service, Stack } from '../model/stack.ts';
import type { Name } from '../model/names.ts';
import type { ReadEnvFile } from '../ports/secret-source.ts';
import { isSecretName } from '../stack/secret-names.ts';
import { fingerprintOf } from './fingerprint.ts';

export type Env = Readonly<Record<string, string>>;

/** The variables that a release's programs get, and what of them is secret. */
export type AssembledEnv = {
  readonly perService: Readonly<Record<Name, Env>>;
  readonly perJob: Readonly<Record<Name, Env>>;
  /** Of every variable above: equal fingerprints are equal environments. */
  readonly fingerprint: string;
  readonly secretValues: readonly string[];
  /** Required variables that are missing or empty, all of them. */
  readonly problems: readonly Problem[];
};

export type EnvParts = {
  readonly stack: Stack;
  /** Path of the stack file, for the problems. */
  readonly stackFile: string;
  /** What each env file of the stack, its services and its jobs holds. */
  readonly files: readonly ReadEnvFile[];
};

/**
 * The environment of every service and job. Later wins: the stack's `env`, the stack's env files in their order, the
 * program's own `env`, its own env files. A value of an env file is secret unless the file calls it public; an
 * inline value is, where its name says so.
 */
export const assembleEnv = ({ stack, stackFile, files }: EnvParts): AssembledEnv => {
  const valuesOf = (wanted: EnvFile): Env => files.find(({ file }) => isSameFile(file, wanted))?.values ?? {};
  const merge = (program: Service | Job): Env => ({
    ...stack.env,
    ...Object.assign({}, ...stack.envFiles.map(valuesOf)),
    ...program.env,
    ...Object.assign({}, ...program.envFiles.map(valuesOf)),
  });
  const perService = mapByName(stack.services, merge);
  const perJob = mapByName(stack.jobs, merge);
  const programs = [
    ...stack.services.map((it) => ({
      what: `service "${it.name}"`,
      required: it.required,
      env: perService[it.name]!,
    })),
    ...stack.jobs.map((it) => ({ what: `job "${it.name}"`, required: it.required, env: perJob[it.name]! })),
  ];
  return {
    perService,
    perJob,
    fingerprint: fingerprintOf({ perService, perJob }),
    secretValues: findSecrets(stack, files),
    problems: findMissing(stack.required, programs, stackFile),
  };
};

/** Every env file that the stack names, each once. */
export const envFilesOf = (stack: Stack): readonly EnvFile[] => {
  const all = [stack, ...stack.services, ...stack.jobs].flatMap(({ envFiles }) => envFiles);
  return all.filter((file, at) => all.findIndex((other) => isSameFile(other, file)) === at);
};

const isSameFile = (a: EnvFile, b: EnvFile): boolean =>
  a.path === b.path && a.optional === b.optional && a.public.join('\0') === b.public.join('\0');

const mapByName = <T extends { readonly name: Name }>(
  items: readonly T[],
  value: (item: T) => Env,
): Readonly<Record<Name, Env>> => Object.fromEntries(items.map((item) => [item.name, value(item)]));

const findSecrets = (stack: Stack, files: readonly ReadEnvFile[]): readonly string[] => {
  const inFiles = files.flatMap(({ file, values }) =>
    Object.entries(values).filter(([name]) => !file.public.includes(name)),
  );
  const inline = [stack, ...stack.services, ...stack.jobs].flatMap(({ env }) =>
    Object.entries(env).filter(([name]) => isSecretName(name)),
  );
  const values = [...inFiles, ...inline].map(([, value]) => value);
  return [...new Set(values)].filter((value) => value !== '');
};

type Program = { readonly what: string; readonly required: readonly RequiredVariable[]; readonly env: Env };

// What the stack requires has to be set in every program of it: one problem that names those where it is not.
const findMissing = (
  ofStack: readonly RequiredVariable[],
  programs: readonly Program[],
  file: string,
): readonly Problem[] => [
  ...ofStack.flatMap((variable) => {
    const lacking = programs.filter(({ env }) => lacks(env, variable));
    if (lacking.length === 0) return [];
    return lacking.length === programs.length
      ? [missing(variable, 'the stack', file)]
      : [missing(variable, lacking.map(({ what }) => what).join(', '), file)];
  }),
  ...programs.flatMap(({ what, required, env }) =>
    required.filter((variable) => lacks(env, variable)).map((variable) => missing(variable, what, file)),
  ),
];

const lacks = (env: Env, { name, when }: RequiredVariable): boolean => {
  if (isSet(env, name)) return false;
  if (when === null) return true;
  return when.equals === null ? isSet(env, when.variable) : env[when.variable] === when.equals;
};

// An empty value is how a template is left unfilled.
const isSet = (env: Env, name: string): boolean => Object.hasOwn(env, name) && env[name] !== '';

const missing = ({ name, when, line, column }: RequiredVariable, what: string, file: string): Problem => {
  const because =
    when === null ? '' : `, which ${when.variable}${when.equals === null ? '' : `=${when.equals}`} asks for`;
  return {
    code: 'env.required',
    severity: 'error',
    file,
    line,
    column,
    message: `Cannot run ${what} without "${name}"${because}: it is not set or empty, a value is required`,
    fix: `set ${name} in an env file`,
  };
};
