import type { OptionWord, Words } from './words.ts';

export const renderFish = (words: readonly Words[]): string =>
  `# fish completion for reeve; made by: reeve completion fish
complete -c reeve -f
function __reeve_typed
  set -l words (commandline -opc)
  for word in $words[2..]
    string match -q -- '-*' $word; or echo $word
  end
end
function __reeve_is
  test (string join ' ' (__reeve_typed)) = "$argv"
end
function __reeve_in
  string match -q -- "$argv *" (string join ' ' (__reeve_typed))' '
end
${words.flatMap(renderWords).join('\n')}
`;

// A command's commands come right behind it only; its options anywhere after it.
const renderWords = ({ path, commands, options }: Words): string[] => {
  const here = path === '' ? '__fish_use_subcommand' : `__reeve_is ${path}`;
  const after = path === '' ? '' : ` -n ${quote(`__reeve_in ${path}`)}`;
  return [
    ...commands.map(
      ({ name, summary }) => `complete -c reeve -n ${quote(here)} -a ${quote(name)} -d ${quote(summary)}`,
    ),
    ...options.map((option) => `complete -c reeve${after}${flagsOf(option)} -d ${quote(option.summary)}`),
  ];
};

const flagsOf = ({ flags, takesValue, isFile }: OptionWord): string => {
  const names = flags
    .map((flag) => (flag.startsWith('--') ? ` -l ${flag.slice(2)}` : ` -s ${flag.slice(1)}`))
    .join('');
  return `${names}${takesValue ? ' -r' : ''}${isFile ? ' -F' : ''}`;
};

const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
