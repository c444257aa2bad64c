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
