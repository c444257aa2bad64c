/** Whether a path, relative to the tree and with `/` between its parts, is left out. */
export type Ignore = (path: string, isFolder: boolean) => boolean;

/**
 * Patterns as in a .gitignore at the top of the tree (gitignore(5)): `!` takes back, the last match counts, a slash
 * that is not the last character ties a pattern to the top, one that is means folders only, and what lies in a
 * folder that is left out can not be taken back.
 */
export const compileIgnore = (patterns: readonly string[]): Ignore => {
  const rules = patterns.map(compileRule).filter((rule) => rule !== null);
  if (rules.length === 0) return () => false;
  const folders = new Map<string, boolean>();
  const matches = (path: string, isFolder: boolean): boolean =>
    rules.findLast((rule) => (isFolder || !rule.foldersOnly) && rule.pattern.test(path))?.ignores ?? false;
  const ignoresFolder = (path: string): boolean => {
    const known = folders.get(path);
    if (known !== undefined) return known;
    const answer = ignoresParent(path) || matches(path, true);
    folders.set(path, answer);
    return answer;
  };
  const ignoresParent = (path: string): boolean => {
    const slash = path.lastIndexOf('/');
    return slash >= 0 && ignoresFolder(path.slice(0, slash));
  };
  return (path, isFolder) => (isFolder ? ignoresFolder(path) : ignoresParent(path) || matches(path, false));
};

type Rule = { readonly pattern: RegExp; readonly foldersOnly: boolean; readonly ignores: boolean };

const compileRule = (line: string): Rule | null => {
  // Spaces at the end count only where a backslash says so.
  const text = line.replace(/(?<!\\)\s+$/, '');
  if (text === '' || text.startsWith('#')) return null;
  const ignores = !text.startsWith('!');
  const glob = ignores ? text : text.slice(1);
  const foldersOnly = glob.endsWith('/');
  const body = foldersOnly ? glob.slice(0, -1) : glob;
  if (body === '') return null;
  const isTied = body.includes('/');
  const regex = translate(body.replace(/^\//, ''));
  return { pattern: new RegExp(`^${isTied ? '' : '(?:.*/)?'}${regex}$`, 's'), foldersOnly, ignores };
};

const TOKEN = /^\*\*\/|\/\*\*\/|\/\*\*$|\*+|\?|\[(?:!|\^)?\]?(?:\\[^]|[^\]\\])*\]|\\[^]|[^]/g;

const translate = (glob: string): string => glob.replace(TOKEN, translateToken);

const translateToken = (token: string): string => {
  if (token === '**/') return '(?:.*/)?';
  if (token === '/**/') return '/(?:.*/)?';
  if (token === '/**') return '/.*';
  if (token.startsWith('*')) return '[^/]*';
  if (token === '?') return '[^/]';
  if (token.length > 2 && token.startsWith('[')) return translateClass(token);
  const literal = token.length === 2 && token.startsWith('\\') ? token.slice(1) : token;
  return literal.replace(/[\\^$.*+?()[\]{}|]/, '\\$&');
};

const translateClass = (token: string): string => {
  const isNegated = /^\[[!^]/.test(token);
  const inner = token.slice(isNegated ? 2 : 1, -1).replace(/\\?([\]^[\\])/g, '\\$1');
  return `(?!/)[${isNegated ? '^' : ''}${inner}]`;
};
