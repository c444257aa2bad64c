/** Whether git takes the text as a branch, tag or revision (git-check-ref-format(1)), and never as an option. */
export const isGitRef = (text: string): boolean =>
  /^[^-\s~^:?*[\\\u007f][^\s~^:?*[\\\u007f]*$/.test(text) && !/\.\.|@\{|\/$|\.lock$/.test(text);
