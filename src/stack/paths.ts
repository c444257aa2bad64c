import { posix } from 'node:path';

/** Folders that relative paths of a stack file count from; both absolute. */
export type Folders = { readonly stack: string; readonly home: string | null };

/** A path of the host, absolute; `~` is left as it is where no home folder is known. */
export const resolveHostPath = (written: string, folders: Folders): string => {
  if (/^~(\/|$)/.test(written) && folders.home !== null) return posix.join(folders.home, written.slice(1));
  return written.startsWith('/') || written.startsWith('~')
    ? posix.normalize(written)
    : withoutSlash(posix.join(folders.stack, written));
};

/** What is wrong with a path of the host; null where nothing is. */
export const whyBadHostPath = (
  written: string,
  resolved: string,
): { readonly why: string; readonly fix: string } | null => {
  if (written.trim() === '') return { why: 'it is empty, a path is required', fix: 'write a path' };
  if (written.includes('\0')) return { why: 'it has a zero byte in it', fix: 'write a plain path' };
  if (/^~[^/]/.test(written))
    return { why: 'the home folder of another user is not looked up', fix: 'write the path in full' };
  if (resolved.startsWith('~'))
    return { why: 'the home folder is not known here', fix: 'write the path in full' };
  return written.includes('$')
    ? { why: 'variables in a path are not expanded', fix: 'write the path in full, or begin it with ~/' }
    : null;
};

/** A path within the release, without `.` and slashes that say nothing; '' for the release folder itself. */
export const resolveReleasePath = (written: string): string => {
  const path = withoutSlash(posix.normalize(written));
  return path === '.' ? '' : path;
};

/** Whether a resolved release path stays within the release. */
export const isInside = (path: string): boolean => !path.startsWith('/') && !/^\.\.(\/|$)/.test(path);

/** Whether one release path is the other, or lies below it. */
export const isWithin = (path: string, folder: string): boolean =>
  path === folder || folder === '' || path.startsWith(`${folder}/`);

const withoutSlash = (path: string): string =>
  path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
