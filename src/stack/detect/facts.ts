/** What was found in a folder; whoever looks gathers it, this room only reads it. */
export type FolderFacts = {
  readonly folderName: string;
  /** Names at the top of the folder; those of folders end with `/`. */
  readonly entries: readonly string[];
  /** Text of the files that are worth a look, by name. Absent where unreadable or too large. */
  readonly contents: Readonly<Record<string, string>>;
};

/** What a person answered, in place of the guess. */
export type Answers = {
  readonly name?: string;
  /** Of the first service. */
  readonly run?: string;
  readonly port?: number;
  /** A path that answers 200 when the service is good. */
  readonly health?: string;
};

/** The files whose text tells how a project is started. */
export const FILES_TO_READ = [
  'package.json',
  'Procfile',
  'pyproject.toml',
  'requirements.txt',
  'go.mod',
  'Gemfile',
  'Dockerfile',
  'compose.yaml',
  'compose.yml',
  'docker-compose.yaml',
  'docker-compose.yml',
  'main.py',
  'app.py',
  '.env.example',
] as const;

export type Guess = {
  /** What the guess comes from, for the comment above it: `package.json`. */
  readonly from: string;
  readonly services: readonly GuessedService[];
  readonly jobs: readonly GuessedJob[];
  readonly cache: readonly string[];
  /** What the file can not say and a person should know, one sentence each. */
  readonly notes: readonly string[];
};

export type GuessedCommand = { readonly run: string; readonly shell: boolean };

export type GuessedService = GuessedCommand & {
  readonly name: string;
  readonly isWeb: boolean;
  readonly env: Readonly<Record<string, string>>;
  readonly dependsOn: readonly string[];
  /** One line above the command. */
  readonly comment: string | null;
};

export type GuessedJob = GuessedCommand & {
  readonly name: string;
  readonly phase: 'build' | 'before' | null;
};

export const NO_GUESS: Guess = { from: '', services: [], jobs: [], cache: [], notes: [] };

export const service = (
  name: string,
  command: GuessedCommand,
  rest: Partial<Omit<GuessedService, 'name' | 'run' | 'shell'>> = {},
): GuessedService => ({
  name,
  ...command,
  isWeb: name === 'web',
  env: {},
  dependsOn: [],
  comment: null,
  ...rest,
});

export const has = (facts: FolderFacts, name: string): boolean => facts.entries.includes(name);
