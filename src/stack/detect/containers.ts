import { parse } from 'yaml';
import { isSecretName } from '../secret-names.ts';
import { hasUrlPassword } from '../quote.ts';
import { type FolderFacts, type Guess, type GuessedService, NO_GUESS, service } from './facts.ts';
import { guessCommand, guessName } from './guess-command.ts';

const COMPOSE_FILES = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];
const NOT_WITHOUT_CONTAINER = 'is an image, which Reeve does not run yet: keep it where it runs now';

/** A compose file: services that are built here and have a command become services; the others are told about. */
export const guessFromCompose = ({ contents }: FolderFacts): Guess | null => {
  const name = COMPOSE_FILES.find((file) => contents[file] !== undefined);
  const composed = name === undefined ? {} : servicesIn(contents[name]!);
  const names = Object.keys(composed);
  if (name === undefined || names.length === 0) return null;
  const ours = names.filter(
    (one) => composed[one]!.build !== undefined && commandOf(composed[one]!) !== null,
  );
  const known = new Set(ours.map(guessName));
  const services = ours.flatMap((one) => fromComposed(one, composed[one]!, known));
  return {
    ...NO_GUESS,
    from: name,
    services,
    notes: names
      .filter((one) => !ours.includes(one))
      .map((one) =>
        composed[one]!.build === undefined
          ? `"${one}" of ${name} ${NOT_WITHOUT_CONTAINER}`
          : `"${one}" of ${name} says no command: take it from its Dockerfile`,
      ),
  };
};

/** A Dockerfile alone: its last CMD or ENTRYPOINT is how the program starts. */
export const guessFromDockerfile = ({ contents }: FolderFacts): Guess | null => {
  const text = contents.Dockerfile?.replaceAll(/\\\r?\n/g, ' ');
  if (text === undefined) return null;
  const entrypoint = lastInstruction(text, 'ENTRYPOINT');
  const command = lastInstruction(text, 'CMD');
  const line = [entrypoint, command].filter((part) => part !== null).join(' ');
  if (line === '') return null;
  return {
    ...NO_GUESS,
    from: 'Dockerfile',
    services: [service('web', guessCommand(line))],
    notes: [
      'the command comes from the Dockerfile, and runs without its image: what the image installs has to be on this host',
    ],
  };
};

type Composed = Readonly<Record<string, unknown>>;

const servicesIn = (text: string): Readonly<Record<string, Composed>> => {
  try {
    const file = parse(text, { maxAliasCount: 100, merge: true, logLevel: 'silent' }) as unknown;
    const services = isMap(file) && isMap(file.services) ? file.services : {};
    return Object.fromEntries(
      Object.entries(services).filter((entry): entry is [string, Composed] => isMap(entry[1])),
    );
  } catch (error) {
    // A file that is no YAML says nothing; parse errors and too many aliases come as these.
    if (error instanceof Error) return {};
    throw error;
  }
};

const fromComposed = (
  name: string,
  composed: Composed,
  known: ReadonlySet<string | null>,
): readonly GuessedService[] => {
  const ourName = guessName(name);
  const command = commandOf(composed);
  if (ourName === null || command === null) return [];
  const dependencies = Array.isArray(composed.depends_on)
    ? composed.depends_on
    : Object.keys(isMap(composed.depends_on) ? composed.depends_on : {});
  return [
    service(ourName, guessCommand(command), {
      isWeb: ourName === 'web' || composed.ports !== undefined,
      env: environmentOf(composed.environment),
      dependsOn: dependencies
        .map((one) => guessName(String(one)))
        .filter((one): one is string => one !== null && known.has(one) && one !== ourName),
    }),
  ];
};

const commandOf = ({ entrypoint, command }: Composed): string | null => {
  const parts = [entrypoint, command].flatMap((part) =>
    Array.isArray(part)
      ? [part.map((word) => shellWord(String(word))).join(' ')]
      : typeof part === 'string'
        ? [part]
        : [],
  );
  const line = parts.join(' ').trim();
  return line === '' ? null : line;
};

// Secrets stay where they are, and what compose would fill in Reeve would not.
const environmentOf = (environment: unknown): Readonly<Record<string, string>> => {
  const pairs = Array.isArray(environment)
    ? environment.map((one) => String(one).split(/=(.*)/s, 2) as [string, string | undefined])
    : Object.entries(isMap(environment) ? environment : {}).map(
        ([name, value]) => [name, textOf(value)] as const,
      );
  return Object.fromEntries(
    pairs.filter(
      (pair): pair is [string, string] =>
        pair[1] !== undefined &&
        /^[A-Za-z_]\w*$/.test(pair[0]) &&
        !/^(PORT|REEVE_.*)$/.test(pair[0]) &&
        !isSecretName(pair[0]) &&
        !hasUrlPassword(pair[1]) &&
        !pair[1].includes('$'),
    ),
  );
};

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;

const lastInstruction = (text: string, name: string): string | null => {
  const line = [...text.matchAll(new RegExp(`^\\s*${name}\\s+(\\S.*)$`, 'gim'))].at(-1)?.[1]?.trim();
  if (line === undefined || !line.startsWith('[')) return line ?? null;
  try {
    const words = JSON.parse(line) as unknown;
    return Array.isArray(words) ? words.map((word) => shellWord(String(word))).join(' ') : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
};

const shellWord = (word: string): string =>
  /^[\w@%+=:,./$-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;

const isMap = (value: unknown): value is Composed =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
