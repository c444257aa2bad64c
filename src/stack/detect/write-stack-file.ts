import { stringify } from 'yaml';
import type { Answers, Guess, GuessedJob, GuessedService } from './facts.ts';
import { guessCommand } from './guess-command.ts';

export type StackFileParts = {
  readonly name: string;
  readonly guess: Guess;
  readonly answers: Answers;
  readonly shared: readonly string[];
  readonly hasEnvFile: boolean;
  /** Variables that .env.example names. */
  readonly exampleVariables: readonly string[];
};

/** The text of a stack file, with a comment wherever a first reader would ask. */
export const writeStackFile = (parts: StackFileParts): string => {
  const { name, guess, answers, shared } = parts;
  const sections = [
    [
      `# What runs on the server, and how it is deployed. Made from ${guess.from}.`,
      '# Check it with: reeve validate',
      `name: ${value(name)}`,
    ],
    environmentLines(parts),
    [
      'services:',
      ...guess.services.flatMap((service, index) => [
        ...(index === 0 ? [] : ['']),
        ...serviceLines(service, { name, answers: index === 0 ? answers : {} }),
      ]),
    ],
    guess.jobs.length === 0 ? [] : ['jobs:', ...guess.jobs.flatMap(jobLines)],
    shared.length > 0
      ? ['# Folders that outlive releases.', `shared: ${list(shared)}`]
      : ['# Folders that outlive releases: uploads, SQLite databases.', '# shared: [data]'],
    guess.cache.length === 0
      ? []
      : [
          '# The next release begins with a copy of these, so that builds are quick.',
          `cache: ${list(guess.cache)}`,
        ],
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
};

const environmentLines = ({ hasEnvFile, exampleVariables }: StackFileParts): readonly string[] => [
  '# Secrets stay out of this file: their values are read from here at every deploy, and masked in every output.',
  hasEnvFile ? 'env_files: [.env]' : '# env_files: [.env]',
  ...(exampleVariables.length === 0
    ? []
    : ['# Nothing starts while one of these is missing.', `# required: ${list(exampleVariables)}`]),
];

const serviceLines = (
  service: GuessedService,
  { name, answers }: { readonly name: string; readonly answers: Answers },
): readonly string[] => {
  const command = answers.run === undefined ? service : guessCommand(answers.run);
  const isRouted = service.isWeb || answers.port !== undefined || answers.health !== undefined;
  const env = Object.entries(service.env);
  return [
    `  ${service.name}:`,
    ...(service.comment === null ? [] : [`    # ${service.comment}`]),
    `    run: ${value(command.run)}`,
    ...(command.shell ? ['    shell: true'] : []),
    ...(answers.port === undefined
      ? []
      : [
          '    # This port and the next: the new release listens on one while the old one serves on the other.',
          `    port: ${answers.port}`,
        ]),
    ...(isRouted ? routeLines(service, name, answers.health) : []),
    ...(service.dependsOn.length === 0 ? [] : [`    depends_on: ${list(service.dependsOn)}`]),
    ...(env.length === 0
      ? []
      : ['    env:', ...env.map(([variable, text]) => `      ${variable}: ${value(text)}`)]),
  ];
};

const routeLines = (
  service: GuessedService,
  stack: string,
  health: string | undefined,
): readonly string[] => [
  '    # Works on this machine as it is; write your own host here.',
  `    route: ${service.name === 'web' ? `${stack}.localhost` : `${service.name}.${stack}.localhost`}`,
  ...(health === undefined
    ? ['    # Without this, a service is good once its port takes connections.', '    # health: /up']
    : [`    health: ${value(health)}`]),
];

const jobLines = ({ name, run, shell, phase }: GuessedJob): readonly string[] => [
  `  ${name}:`,
  `    run: ${value(run)}`,
  ...(shell ? ['    shell: true'] : []),
  ...(phase === null ? [] : [`    phase: ${phase}`]),
];

/** A scalar in one line, quoted where YAML needs it. */
const value = (text: string): string =>
  stringify(text, { lineWidth: 0, defaultStringType: 'PLAIN', blockQuote: false }).trimEnd();

const list = (items: readonly string[]): string =>
  `[${items.map((item) => (/[,[\]{}]/.test(item) ? JSON.stringify(item) : value(item))).join(', ')}]`;
