import { Refusal } from '../model/error.ts';

/** A git URL taken apart, so that its password is in no argument list and no message. */
export type GitAddress = {
  /** Without credentials: what git is called with, and what people are shown. */
  readonly url: string;
  /** Of an http URL; null where it has none. */
  readonly login: { readonly username: string; readonly password: string } | null;
};

/** Refusal `source.bad-url` for what git could take as an option or a program. */
export const parseGitAddress = (text: string): GitAddress => {
  const isSuspect = text === '' || text.startsWith('-') || /^[a-z0-9+-]*::/i.test(text) || hasControl(text);
  if (isSuspect) throw badUrl(text);
  if (!/^https?:\/\//i.test(text)) return { url: text, login: null };
  try {
    const url = new URL(text);
    const username = decodeURIComponent(url.username);
    const password = decodeURIComponent(url.password);
    const login = username === '' && password === '' ? null : { username, password };
    url.username = '';
    url.password = '';
    return { url: url.href, login };
  } catch (error) {
    if (error instanceof TypeError || error instanceof URIError) throw badUrl(text);
    throw error;
  }
};

/** What of an address must never be shown. A user name alone is how tokens are often given. */
export const secretsOf = ({ login }: GitAddress): readonly string[] =>
  login === null ? [] : [login.password === '' ? login.username : login.password];

/** Settings that let git log in over http, and the environment that holds the password for them. */
export const loginSettings = ({ login }: GitAddress): { args: string[]; env: Record<string, string> } =>
  login === null
    ? { args: [], env: {} }
    : {
        // The empty helper forgets those of the host: what the URL says counts (gitcredentials(7)).
        args: ['-c', 'credential.helper=', '-c', `credential.helper=${HELPER}`],
        env: { REEVE_GIT_USERNAME: login.username, REEVE_GIT_PASSWORD: login.password },
      };

const HELPER =
  '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$REEVE_GIT_USERNAME" "$REEVE_GIT_PASSWORD"; }; f';

/** Refusal `source.bad-ref` for what is no name of a branch, tag or revision (git-check-ref-format(1)). */
export const checkRef = (ref: string): string => {
  const isGood =
    /^[A-Za-z0-9_][A-Za-z0-9_./+@#-]{0,249}$/.test(ref) && !/\.\.|@\{|\/\/|\/\.|\.lock$|[./]$/.test(ref);
  if (isGood) return ref;
  throw new Refusal(
    'source.bad-ref',
    `Cannot use ${JSON.stringify(ref)} as a ref: the name of a branch, a tag or a revision is required`,
  );
};

// oxlint-disable-next-line no-control-regex
const hasControl = (text: string): boolean => /[\x00-\x1f\x7f]/.test(text);

const badUrl = (text: string): Refusal =>
  new Refusal(
    'source.bad-url',
    `Cannot use ${JSON.stringify(text.replace(/\/\/[^/@]*@/, '//***@'))} as a git repository: an http, https, ssh, git or file URL, HOST:PATH or a path is required`,
  );
