// A first stack file for a folder, from what is in it. A guess that people read and change, so it says why.
import { hasErrors } from '../model/problem.ts';
import { guessFromCompose, guessFromDockerfile } from './detect/containers.ts';
import { type Answers, type FolderFacts, type Guess, has, NO_GUESS, service } from './detect/facts.ts';
import { guessFromGo, guessFromRuby } from './detect/go-and-ruby.ts';
import { guessName } from './detect/guess-command.ts';
import { guessFromNode } from './detect/node.ts';
import { guessFromProcfile } from './detect/procfile.ts';
import { guessFromPython } from './detect/python.ts';
import { writeStackFile } from './detect/write-stack-file.ts';
import { loadStack } from './load-stack.ts';

export type Proposal = {
  /** A commented reeve.yaml without errors. */
  readonly text: string;
  /** What a person should check, one sentence each. */
  readonly notes: readonly string[];
  /** What it is a guess from, for the questions: the name and the command of the first service. */
  readonly guess: { readonly name: string; readonly run: string; readonly from: string };
};

/** The proposal for a folder. Deterministic; never throws for what is in the files. */
export const proposeStackFile = (facts: FolderFacts, answers: Answers = {}): Proposal => {
  const guess = chooseGuess(facts);
  const name = guessName(facts.folderName) ?? 'app';
  return {
    text: write(facts, guess, answers),
    notes: [
      ...(guess === NOTHING_FOUND && answers.run !== undefined ? [] : guess.notes),
      ...composeNotes(facts, guess),
    ],
    guess: { name, run: guess.services[0]?.run ?? '', from: guess.from },
  };
};

const chooseGuess = (facts: FolderFacts): Guess => {
  const language =
    guessFromNode(facts) ?? guessFromPython(facts) ?? guessFromGo(facts) ?? guessFromRuby(facts);
  const programs =
    guessFromProcfile(facts) ?? language ?? guessFromCompose(facts) ?? guessFromDockerfile(facts);
  if (programs === null || programs.services.length === 0) return NOTHING_FOUND;
  const guess = withBuild(programs, language);
  // What another tool lets pass (a name used twice, a cycle) would be wrong here: then better no guess than a bad one.
  const { problems } = loadStack({ path: '/reeve.yaml', text: write(facts, guess, {}) });
  return hasErrors(problems)
    ? { ...NOTHING_FOUND, notes: [...NOTHING_FOUND.notes, ...programs.notes] }
    : guess;
};

const write = (facts: FolderFacts, guess: Guess, answers: Answers): string =>
  writeStackFile({
    name: answers.name ?? guessName(facts.folderName) ?? 'app',
    guess,
    answers,
    shared: ['data', 'storage', 'uploads', 'media'].filter((folder) => has(facts, `${folder}/`)),
    hasEnvFile: has(facts, '.env'),
    exampleVariables: exampleVariables(facts),
  });

const NOTHING_FOUND: Guess = {
  ...NO_GUESS,
  from: 'nothing that was recognised',
  services: [
    service('web', { run: './server', shell: false }, { comment: 'The command that starts your program.' }),
  ],
  notes: ['nothing in this folder says how the program starts: set the command of "web"'],
};

// A Procfile says what runs; how it is built says the language's own file.
const withBuild = (programs: Guess, language: Guess | null): Guess =>
  language === null || programs === language
    ? programs
    : {
        ...programs,
        from: `${programs.from} and ${language.from}`,
        jobs: [...language.jobs.filter((job) => job.name === 'build'), ...programs.jobs],
        cache: language.cache,
      };

const exampleVariables = ({ contents }: FolderFacts): readonly string[] => [
  ...new Set(
    [...(contents['.env.example'] ?? '').matchAll(/^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=/gm)].map(
      (match) => match[1]!,
    ),
  ),
];

const composeNotes = (facts: FolderFacts, guess: Guess): readonly string[] => {
  const compose = guessFromCompose(facts);
  return compose === null || compose.from === guess.from ? [] : compose.notes;
};
