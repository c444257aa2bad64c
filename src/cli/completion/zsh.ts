import { fileFlags, flagsWithValue, type Words } from './words.ts';

/** Works sourced and from a folder of $fpath. `commands`, `options` and `path` are zsh's own: other names are used. */
export const renderZsh = (words: readonly Words[]): string => `#compdef reeve
# zsh completion for reeve; made by: reeve completion zsh
_reeve() {
  local path_= word i
  case \${words[CURRENT-1]} in
    ${fileFlags(words).join('|')}) _files; return ;;
    ${flagsWithValue(words).join('|')}) return ;;
  esac
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    case $word in
      --) _normal; return ;;
      ${flagsWithValue(words).join('|')}) ((i++)) ;;
      -*) ;;
      *) case "\${path_:+$path_ }$word" in
        ${words
          .filter(({ path }) => path !== '')
          .map(({ path }) => quote(path))
          .join('|')}) path_="\${path_:+$path_ }$word" ;;
      esac ;;
    esac
  done
  local -a cmds opts
  case $path_ in
${words.map(renderCase).join('\n')}
  esac
  if [[ \${words[CURRENT]} == -* ]]; then _describe -o option opts; else _describe command cmds; fi
}
if [[ \${funcstack[1]} == _reeve ]]; then _reeve "$@"; else compdef _reeve reeve; fi
`;

const renderCase = ({ path, commands, options }: Words): string => `    (${quote(path)})
      cmds=(${commands.map(({ name, summary }) => described(name, summary)).join(' ')})
      opts=(${options.flatMap(({ flags, summary }) => flags.map((flag) => described(flag, summary))).join(' ')}) ;;`;

const described = (word: string, summary: string): string =>
  quote(`${word.replaceAll(':', String.raw`\:`)}:${summary}`);

const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
