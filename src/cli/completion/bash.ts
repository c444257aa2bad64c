import { fileFlags, flagsWithValue, type Words } from './words.ts';

/** For bash 4 and newer; needs no bash-completion package. */
export const renderBash = (
  words: readonly Words[],
): string => `# bash completion for reeve; made by: reeve completion bash
_reeve() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} path= word i
  COMPREPLY=()
  case $prev in
    ${fileFlags(words).join('|')}) COMPREPLY=($(compgen -f -- "$cur")); return ;;
    ${flagsWithValue(words).join('|')}) return ;;
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case $word in
      --) return ;;
      ${flagsWithValue(words).join('|')}) ((i++)) ;;
      -*) ;;
      *) case "\${path:+$path }$word" in
        ${words
          .filter(({ path }) => path !== '')
          .map(({ path }) => quote(path))
          .join('|')}) path="\${path:+$path }$word" ;;
      esac ;;
    esac
  done
  local commands= options=
  case $path in
${words.map(renderCase).join('\n')}
  esac
  if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "$options" -- "$cur"))
  else COMPREPLY=($(compgen -W "$commands" -- "$cur")); fi
}
complete -F _reeve reeve
`;

const renderCase = ({ path, commands, options }: Words): string =>
  `    ${quote(path)}) commands=${quote(commands.map(({ name }) => name).join(' '))} options=${quote(options.flatMap(({ flags }) => flags).join(' '))} ;;`;

const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
