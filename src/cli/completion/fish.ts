import type { OptionWord, Words } from './words.ts';

export const renderFish = (words: readonly Words[]): string =>
  `# fish completion for reeve; made by: reeve completion fish
complete -c reeve -f
function __reeve_at
  set -l typed
  set -l words (commandline -opc)
  for word in $words[2..]
    string match -q -- '-*' $word; or set -a typed $word
  end
  test "$typed" = "$argv"; or string match -q -- "$argv *" "$typed"
end
${words.flatMap(renderWords).join('\n')}
`;

const renderWords = ({ path, commands, options }: Words): string[] => {
  // Subcommands come only right behind their command; options anywhere after it.
  const here = path === '' ? '__fish_use_subcommand' : `__reeve_at ${path}`;
  const condition = path === '' ? '' : ` -n ${quote(here)}`;
  return [
    ...commands.map(
      ({ name, summary }) => `complete -c reeve -n ${quote(here)} -a ${quote(name)} -d ${quote(summary)}`,
    ),
    ...options.map((option) => `complete -c reeve${condition}${flagsOf(option)} -d ${quote(option.summary)}`),
  ];
};

const flagsOf = ({ flags, takesValue, isFile }: OptionWord): string => {
  const names = flags
    .map((flag) => (flag.startsWith('--') ? ` -l ${flag.slice(2)}` : ` -s ${flag.slice(1)}`))
    .join('');
  return `${names}${takesValue ? ' -r' : ''}${isFile ? ' -F' : ''}`;
};

const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
