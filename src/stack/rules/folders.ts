import { itemsOf } from '../one-or-many.ts';
import { isInside, isWithin, resolveReleasePath } from '../paths.ts';
import type { Path } from '../places.ts';
import { quote } from '../quote.ts';
import { describeSubject } from '../subject.ts';
import { programsOf, type RuleContext } from './rule.ts';

/** Shared and cached folders stay inside the release, and none lies within another. */
export const checkFolders = (context: RuleContext): void => {
  const { written, places, error } = context;
  const taken: Taken[] = [];
  for (const section of ['shared', 'cache'] as const) {
    for (const { item, path } of itemsOf(written[section], [section])) {
      const folder = resolveReleasePath(item);
      const why = whyBadFolder(item, folder);
      if (why !== null) {
        error(places.ofValue(path), {
          code: 'path.outside',
          message: `Cannot make ${quote(item)} a ${section === 'cache' ? 'cached' : 'shared'} folder: ${why}`,
          expected: 'a folder below the release, such as data or public/uploads',
        });
        continue;
      }
      const other = taken.find((one) => isWithin(folder, one.folder) || isWithin(one.folder, folder));
      if (other) error(places.ofValue(path), overlap(item, folder, other));
      taken.push({ folder, section, line: places.ofValue(path).line });
    }
  }
  for (const { path, program } of programsOf(context))
    judgeWorkingFolder(context, path, program.workingFolder);
};

type Taken = { readonly folder: string; readonly section: 'shared' | 'cache'; readonly line: number };

const overlap = (written: string, folder: string, other: Taken) => ({
  code: 'folder.overlap',
  message:
    folder === other.folder
      ? `Cannot use ${quote(written)} twice: it is ${other.section === 'cache' ? 'cached' : 'shared'} already (line ${other.line})`
      : `Cannot use ${quote(written)} beside ${quote(other.folder)} (line ${other.line}): one lies within the other`,
  fix: 'keep one of the two',
});

const whyBadFolder = (written: string, folder: string): string | null => {
  if (written.includes('\0')) return 'it has a zero byte in it';
  if (written.startsWith('~')) return 'it begins with "~", a path relative to the release is required';
  if (written.startsWith('/')) return 'it is absolute, a path relative to the release is required';
  if (folder === '') return 'it is the release itself';
  if (!isInside(folder)) return 'it leads out of the release';
  return /[*?[\]]/.test(written) ? 'it has a pattern in it, and patterns are not expanded' : null;
};

const judgeWorkingFolder = ({ places, error }: RuleContext, path: Path, folder: string): void => {
  const isAbsolute = folder.startsWith('/');
  const why = folder.includes('\0')
    ? 'it has a zero byte in it'
    : folder.startsWith('~')
      ? 'it begins with "~", which is not expanded here'
      : !isAbsolute && !isInside(folder)
        ? 'it leads out of the release'
        : null;
  if (why === null) return;
  error(places.ofValue([...path, 'folder']), {
    code: 'path.outside',
    message: `Cannot use ${quote(folder)} as ${describeSubject([...path, 'folder'])}: ${why}`,
    expected: 'a folder below the release, or an absolute path',
  });
};
