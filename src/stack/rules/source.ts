import type { Path } from '../places.ts';
import { hasUrlPassword, quote } from '../quote.ts';
import type { WrittenStack } from '../schema/written-stack.ts';
import { isInside, whyBadHostPath } from '../paths.ts';
import { isGitRef } from '../git-ref.ts';
import type { RuleContext } from './rule.ts';

type WrittenSource = Exclude<WrittenStack['source'], string | undefined>;

const PATH: Path = ['source'];

export const checkSource = (context: RuleContext): void => {
  const { written } = context;
  if (typeof written.source === 'string') judgeFolder(context, written.source, PATH);
  if (typeof written.source === 'object') judgeMap(context, written.source);
};

const judgeMap = (context: RuleContext, source: WrittenSource): void => {
  const { places, error, isCut } = context;
  if (source.git !== undefined && source.folder !== undefined) {
    error(places.ofKey([...PATH, 'folder']), {
      code: 'source.two-kinds',
      message: 'Cannot take the source from a folder and from git: one of the two is required',
      fix: 'remove folder or git; a folder of a repository is its subfolder',
    });
    return;
  }
  if (source.git === undefined && source.folder === undefined && !isCut(PATH)) {
    error(places.ofKey(PATH), {
      code: 'source.no-kind',
      message: 'Cannot tell where the source comes from: neither folder nor git is there, one is required',
      fix: 'add folder: .',
    });
  }
  const strangers = source.git === undefined ? (['ref', 'subfolder'] as const) : (['exclude'] as const);
  for (const key of strangers) {
    if (source[key] === undefined) continue;
    error(places.ofKey([...PATH, key]), {
      code: 'source.stray-key',
      message: `Cannot use ${quote(key)} here: it belongs to a ${key === 'exclude' ? 'folder' : 'git'} source`,
      fix: `remove ${key}`,
    });
  }
  if (source.folder !== undefined) judgeFolder(context, source.folder, [...PATH, 'folder']);
  if (source.git !== undefined) judgeGit(context, source.git);
  judgeRef(context, source.ref);
  judgeSubfolder(context);
};

const judgeFolder = ({ places, stack, error }: RuleContext, folder: string, path: Path): void => {
  if (stack.source.kind !== 'folder') return;
  const isRepository = /^[a-z][a-z0-9+.-]*:\/\/|^[\w.-]+@[\w.-]+:|\.git\/?$/i.test(folder);
  const wrong = whyBadHostPath(folder, stack.source.path);
  if (!isRepository && !wrong) return;
  error(places.ofValue(path), {
    code: 'path.wrong',
    message: `Cannot take the source from the folder ${quote(folder)}: ${isRepository ? 'that is a repository' : wrong!.why}`,
    fix: isRepository ? 'write source: {git: …}' : wrong!.fix,
  });
};

const TRANSPORT = /^(?:(?:https?|ssh|git|file):\/\/[^\s]+|(?:[\w.-]+@)?[\w.-]+:[^\s]+|\/[^\0]*)$/i;

const judgeGit = ({ places, stack, error }: RuleContext, written: string): void => {
  if (stack.source.kind !== 'git') return;
  const place = places.ofValue([...PATH, 'git']);
  const { url } = stack.source;
  if (hasUrlPassword(url)) {
    error(place, {
      code: 'source.password',
      message: `Cannot use the repository ${quote(written)}: its password would be in every release record`,
      fix: 'use an ssh URL with a deploy key, or a git credential helper',
    });
  } else if (url.startsWith('-') || /^\w+::/.test(url) || !TRANSPORT.test(url)) {
    // "ext::" and an option in place of a URL let a repository run commands: git-remote-ext(1).
    error(place, {
      code: 'source.bad-url',
      message: `Cannot use the repository ${quote(written)}: git has no safe way to reach it`,
      expected: 'https://host/path, ssh://host/path, user@host:path, or a path of this host',
    });
  }
};

const judgeRef = ({ places, error }: RuleContext, ref: string | undefined): void => {
  if (ref === undefined || isGitRef(ref)) return;
  error(places.ofValue([...PATH, 'ref']), {
    code: 'source.bad-ref',
    message: `Cannot use ${quote(ref)} as a git ref: a branch, tag or revision is required`,
    expected: 'main, v1.2.0, or a commit id',
  });
};

const judgeSubfolder = ({ places, stack, error }: RuleContext): void => {
  if (stack.source.kind !== 'git' || isInside(stack.source.subfolder)) return;
  error(places.ofValue([...PATH, 'subfolder']), {
    code: 'path.outside',
    message: `Cannot release the subfolder ${quote(stack.source.subfolder)}: it leads out of the repository`,
    fix: 'write a path relative to the repository',
  });
};
