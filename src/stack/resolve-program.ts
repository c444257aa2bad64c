// The parts that services and jobs share, from their short forms to their complete ones. Never fails: what makes no
// sense comes out as something harmless, and a rule says what is wrong with it.
import type { Command, EnvFile, RequiredVariable } from '../model/stack.ts';
import { itemsOf } from './one-or-many.ts';
import { type Folders, resolveHostPath } from './paths.ts';
import type { Path, Places } from './places.ts';
import type { WrittenJob, WrittenStack } from './schema/written-stack.ts';
import { splitCommand } from './split-command.ts';

export type ResolveContext = { readonly folders: Folders; readonly places: Places };

type Plain = string | number | boolean;
type WrittenCommand = WrittenJob['run'];
type WrittenEnvironment = Pick<WrittenStack, 'env' | 'env_files' | 'required'>;

export type Environment = {
  readonly env: Readonly<Record<string, string>>;
  readonly envFiles: readonly EnvFile[];
  readonly required: readonly RequiredVariable[];
};

export const resolveCommand = (
  written: WrittenCommand,
  shell: boolean | undefined,
  { path, places }: { readonly path: Path; readonly places: Places },
): Command => {
  if (typeof written !== 'string') {
    return {
      argv: written.map((argument, index) => asText(argument, [...path, index], places)),
      shell: false,
    };
  }
  return shell === true
    ? { argv: [written.trim()], shell: true }
    : { argv: splitCommand(written).words, shell: false };
};

export const resolveEnvironment = (
  written: WrittenEnvironment,
  path: Path,
  { folders, places }: ResolveContext,
): Environment => ({
  env: Object.fromEntries(
    Object.entries(written.env ?? {}).map(([name, value]) => [
      name,
      asText(value, [...path, 'env', name], places),
    ]),
  ),
  envFiles: itemsOf(written.env_files, [...path, 'env_files']).map(({ item }) => {
    const file = typeof item === 'string' ? { file: item } : item;
    return {
      path: resolveHostPath(file.file, folders),
      optional: file.optional ?? false,
      public: itemsOf(file.public, []).map((name) => name.item),
    };
  }),
  required: itemsOf(written.required, [...path, 'required']).map(({ item, path: at }) => {
    const variable = typeof item === 'string' ? { name: item } : item;
    return {
      name: variable.name,
      when: resolveWhen(variable.when, [...at, 'when'], places),
      ...places.ofValue(at),
    };
  }),
});

/** A value as the file has it: YAML would make `1.10` a number and lose its zero. */
const asText = (value: Plain, path: Path, places: Places): string =>
  typeof value === 'string' ? value : (places.sourceOf(path) ?? String(value));

const resolveWhen = (
  written: string | Readonly<Record<string, Plain>> | undefined,
  path: Path,
  places: Places,
): RequiredVariable['when'] => {
  if (written === undefined) return null;
  if (typeof written === 'string') return { variable: written, equals: null };
  const [first] = Object.entries(written);
  return first ? { variable: first[0], equals: asText(first[1], [...path, first[0]], places) } : null;
};
