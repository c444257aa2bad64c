import { type FolderFacts, type Guess, type GuessedJob, has, NO_GUESS, service } from './facts.ts';
import { guessCommand } from './guess-command.ts';

type PackageFile = {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly main: string | null;
};

/** package.json: `scripts.start` is the service, `scripts.build` and the lock file make the build job. */
export const guessFromNode = (facts: FolderFacts): Guess | null => {
  const text = facts.contents['package.json'];
  const file = text === undefined ? null : readPackage(text);
  if (!file) return null;
  const tool = packageTool(facts);
  const build = [tool.install, ...(file.scripts.build ? [`${tool.name} run build`] : [])];
  const migrate = ['migrate', 'db:migrate', 'migrations'].find((name) => file.scripts[name]);
  const jobs: GuessedJob[] = [
    { name: 'build', phase: null, run: build.join(' && '), shell: build.length > 1 },
    ...(migrate
      ? [{ name: 'migrate', phase: 'before' as const, run: `${tool.name} run ${migrate}`, shell: false }]
      : []),
  ];
  const worker = file.scripts.worker;
  return {
    ...NO_GUESS,
    from: 'package.json',
    services: [
      service('web', webCommand(file), {
        comment: 'It has to listen on 127.0.0.1, on the port that $PORT says.',
      }),
      ...(worker ? [service('worker', guessCommand(worker))] : []),
    ],
    jobs,
    cache: ['node_modules', ...(file.dependencies.next ? ['.next/cache'] : [])],
    notes:
      file.scripts.start || file.dependencies.next
        ? []
        : ['package.json has no start script: check the command of "web"'],
  };
};

// Without the package tool in between, signals reach the program and nothing stays behind.
const webCommand = ({ scripts, dependencies, main }: PackageFile) => {
  if (dependencies.next) return guessCommand('node_modules/.bin/next start -H 127.0.0.1 -p $PORT');
  const start = scripts.start?.trim() ?? '';
  if (start === '') return guessCommand(`node ${main ?? 'server.js'}`);
  if (/^(node|bun|deno)\s/.test(start)) return guessCommand(start);
  const local = /^([a-z][\w-]*)(\s.*)?$/.exec(start);
  return local && !/^(npm|npx|pnpm|yarn|sh|bash)$/.test(local[1]!)
    ? guessCommand(`node_modules/.bin/${start}`)
    : guessCommand(start);
};

const packageTool = (facts: FolderFacts): { readonly name: string; readonly install: string } => {
  if (has(facts, 'pnpm-lock.yaml')) return { name: 'pnpm', install: 'pnpm install --frozen-lockfile' };
  if (has(facts, 'yarn.lock')) return { name: 'yarn', install: 'yarn install --frozen-lockfile' };
  if (has(facts, 'bun.lockb') || has(facts, 'bun.lock'))
    return { name: 'bun', install: 'bun install --frozen-lockfile' };
  return { name: 'npm', install: has(facts, 'package-lock.json') ? 'npm ci' : 'npm install' };
};

const readPackage = (text: string): PackageFile | null => {
  try {
    const file = JSON.parse(text) as Record<string, unknown> | null;
    if (typeof file !== 'object' || file === null) return null;
    return {
      scripts: textsOf(file.scripts),
      dependencies: textsOf(file.dependencies),
      main: typeof file.main === 'string' && /^[\w./-]+$/.test(file.main) ? file.main : null,
    };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
};

const textsOf = (value: unknown): Readonly<Record<string, string>> =>
  typeof value === 'object' && value !== null
    ? Object.fromEntries(
        Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
      )
    : {};
