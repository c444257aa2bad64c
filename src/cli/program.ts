// Every command there is, in the order of the help. A command's file is read only when it is asked for, so that the
// others cost a cold start nothing.
import { type Argument, Command } from 'commander';
import { reeveVersion } from '../kit/version.ts';
import { withExamples } from './examples.ts';
import { setStage, type Stage } from './session.ts';
import { refuseUnknownCommand } from './usage-error.ts';

type CommandFile = { readonly register: (program: Command) => void };

const GROUPS: Readonly<Record<string, readonly string[]>> = {
  'Stack file': ['init', 'validate', 'plan'],
  'Change what runs': ['up', 'deploy', 'rollback', 'scale', 'restart', 'stop', 'start', 'run', 'down'],
  'See what runs': ['status', 'ps', 'logs', 'health', 'releases', 'changes', 'doctor', 'audit', 'metrics'],
  'This host': ['exec', 'lock', 'edge', 'agent', 'version', 'completion'],
};

export const COMMAND_NAMES: readonly string[] = Object.values(GROUPS).flat();

// Only ever a name of the table above; a test loads each.
const loadCommand = (name: string): Promise<CommandFile> =>
  import(`./commands/${name}.ts`) as Promise<CommandFile>;

/** The program with the command that `argv` asks for, or with all of them where that is not one command. */
export const openProgram = (stage: Stage, argv: readonly string[]): Promise<Command> => {
  const asked = askedCommand(argv);
  // Completion is about all the others.
  const isOne = asked !== null && asked !== 'completion' && COMMAND_NAMES.includes(asked);
  return assembleProgram(stage, isOne ? [asked] : COMMAND_NAMES);
};

/** The program with every command: for help, completion and the reference. */
export const openWholeProgram = (stage: Stage): Promise<Command> => assembleProgram(stage, COMMAND_NAMES);

const assembleProgram = async (stage: Stage, names: readonly string[]): Promise<Command> => {
  const program = withExamples(
    new Command('reeve')
      .description('Runs production on one server: deploys, keeps it running, takes a bad release back.')
      .option('--stack <name>', 'the stack meant, where the stack file does not say it')
      .option('--file <path>', 'the stack file (default: the nearest reeve.yaml, walking up)')
      .option('--json', 'print data as JSON on stdout, everything else on stderr')
      .option('--no-color', 'no colour, also on a terminal')
      .option('--quiet', 'print errors and data only')
      .version(reeveVersion(), '-V, --version', 'print the version of this reeve')
      .addHelpCommand(helpCommand().helpGroup('This host:')),
    ['reeve up', 'bring the stack of this folder up'],
    ['reeve status --watch', 'see it live'],
    ['reeve deploy --help', 'what a command takes, with examples'],
  );
  setStage(program, stage);
  for (const { register } of await Promise.all(names.map(loadCommand))) register(program);
  for (const command of program.commands) command.helpGroup(`${groupOf(command.name())}:`);
  configure(program, stage);
  return program;
};

const helpCommand = (): Command =>
  new Command('help').argument('[command]').description('Show the help of a command.');

const groupOf = (name: string): string =>
  Object.keys(GROUPS).find((group) => GROUPS[group]!.includes(name)) ?? 'Commands';

// What commander inherits goes only to commands that are made afterwards, and groups make their own.
const configure = (command: Command, stage: Stage): void => {
  const { stdout, stderr } = stage.world;
  command
    .exitOverride()
    .helpOption('-h, --help', 'show this help')
    .showSuggestionAfterError()
    .configureHelp({
      showGlobalOptions: true,
      subcommandTerm: (child) => [child.name(), ...child.registeredArguments.map(argumentTerm)].join(' '),
      subcommandDescription: (child) => firstClause(child.description()),
    })
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      // Errors of usage are thrown, and shown in our own layout.
      writeErr: () => {},
      getOutHelpWidth: () => (stdout.isTerminal ? stdout.columns() : 100),
      getErrHelpWidth: () => (stderr.isTerminal ? stderr.columns() : 100),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  const children = command.commands as readonly Command[];
  if (command.parent && children.length > 0)
    command.addHelpCommand(helpCommand()).hook('preSubcommand', refuseUnknownCommand);
  for (const child of children) configure(child, stage);
};

const argumentTerm = (argument: Argument): string => {
  const name = argument.variadic ? `${argument.name()}...` : argument.name();
  return argument.required ? `<${name}>` : `[${name}]`;
};

// In a list of commands the rest would only wrap.
const firstClause = (text: string): string => /^[^:;,.]*/.exec(text)![0];

const WITH_VALUE = new Set(['--stack', '--file']);

// The first word that is neither an option of every command nor such an option's value.
const askedCommand = (argv: readonly string[]): string | null => {
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at]!;
    if (WITH_VALUE.has(word)) at += 1;
    else if (!word.startsWith('-')) return word;
  }
  return null;
};
