import { Failure, Refusal } from '../model/error.ts';
import { type GitResult, noGit } from './run-git.ts';

/** What git could not do, as one of ours. The only place where git's own words are read; they are English (LC_ALL=C). */
export const toGitError = (result: GitResult, url: string): Failure | Refusal => {
  if (result.isAbsent) return noGit();
  const said = lastWords(result.stderr);
  if (result.timedOut) {
    return new Failure(
      'source.unreachable',
      `Cannot fetch "${url}": no end in time, a repository that answers is required`,
      {
        retryable: true,
        ...(said === '' ? {} : { why: said }),
      },
    );
  }
  const known = CAUSES.find(({ pattern }) => pattern.test(result.stderr));
  const why = said === '' ? `git ended with ${result.code ?? 'a signal'}` : said;
  if (!known)
    return new Failure('source.git', `Cannot read "${url}": git refused, a readable repository is required`, {
      why,
    });
  const { code, fact, fix } = known;
  const message = `Cannot fetch "${url}": ${fact}`;
  return code === 'source.missing'
    ? new Refusal(code, message, { why, fix })
    : new Failure(code, message, { why, fix, retryable: code === 'source.unreachable' });
};

type Cause = {
  readonly pattern: RegExp;
  readonly code: 'source.auth-refused' | 'source.unreachable' | 'source.missing' | 'store.full';
  readonly fact: string;
  readonly fix: string;
};

// The first that matches: "Could not read from remote repository" follows every ssh failure, so it comes last.
const CAUSES: readonly Cause[] = [
  {
    pattern: /No space left on device|Disk quota exceeded/i,
    code: 'store.full',
    fact: 'no space is left on the disk of the state folder, space for the repository is required',
    fix: 'free space on that disk',
  },
  {
    pattern:
      /Authentication failed|could not read (?:Username|Password)|terminal prompts disabled|Permission denied|Host key verification failed|returned error: 40[137]|Invalid credentials|access denied/i,
    code: 'source.auth-refused',
    fact: 'the server refused our credentials, an account that may read it is required',
    fix: 'give the agent’s user a deploy key, a credential helper, or a URL with a token',
  },
  {
    pattern:
      /Could not resolve host|unable to look up|Name or service not known|Temporary failure in name resolution|Connection (?:refused|timed out|reset|closed)|Operation timed out|Network is unreachable|No route to host|Failed to connect|Could ?n.t connect|timed? ?out|early EOF|remote end hung up|returned error: 5\d\d|transfer closed|SSL|TLS|certificate/i,
    code: 'source.unreachable',
    fact: 'its server does not answer, a repository that can be reached is required',
    fix: 'check the URL and the network, then ask again',
  },
  {
    pattern:
      /not found|does not exist|does not appear to be a git repository|not a git repository|No such file or directory|returned error: 404/i,
    code: 'source.missing',
    fact: 'there is no such repository, or it is hidden from us',
    fix: 'correct source.git in the stack file, or give the agent’s user access',
  },
  {
    pattern: /Could not read from remote repository|unable to access/i,
    code: 'source.unreachable',
    fact: 'its server does not answer as a git server, a repository that can be reached is required',
    fix: 'check the URL and the network, then ask again',
  },
];

// The line that tells most: the first fatal one, without the words before it.
const lastWords = (stderr: string): string => {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const telling = lines.find((line) => /^(?:fatal|error): /.test(line)) ?? lines.at(-1) ?? '';
  return telling.replace(/^(?:fatal|error): /, '').slice(0, 300);
};
