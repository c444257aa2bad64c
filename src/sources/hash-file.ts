import { hash as hashOnce, createHash } from 'node:crypto';
import {
  type BigIntStats,
  closeSync,
  constants,
  createReadStream,
  fstatSync,
  openSync,
  readFileSync,
} from 'node:fs';
import { pipeline } from 'node:stream/promises';

/** Files up to this size are read in one call; larger ones in pieces, without stopping the agent. */
export const SMALL_BYTES = 1 << 20;

/** The sha256 of a regular file, in hex. A link or FIFO that came into its place meanwhile is an error, not a wait. */
export const hashFile = async (path: string): Promise<string> => {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  let isOpen = true;
  try {
    if (fstatSync(fd).size <= SMALL_BYTES) return hashOnce('sha256', readFileSync(fd));
    isOpen = false;
    const hash = createHash('sha256');
    await pipeline(createReadStream('', { fd }), hash);
    return hash.digest('hex');
  } finally {
    if (isOpen) closeSync(fd);
  }
};

export type HashCache = {
  /** The hash of the file that `stat` was taken of; read only where it is not known. */
  readonly hash: (path: string, stat: BigIntStats) => Promise<string>;
  /** Forgets the files below `root` that are not among `paths`. */
  readonly keepOnly: (root: string, paths: ReadonlySet<string>) => void;
};

type Known = { readonly stamp: string; readonly hash: string };

// Two writes within one tick of the kernel's clock leave the same times: a file is known only once it is older.
const SETTLED_MS = 2_000n;
const MOST_FILES = 50_000;

/** Hashes by path, size, times and inode: what is unchanged is never read twice. */
export const createHashCache = (now: () => number = Date.now): HashCache => {
  const known = new Map<string, Known>();
  return {
    hash: async (path, stat) => {
      const stamp = `${stat.dev}.${stat.ino}.${stat.size}.${stat.mtimeNs}.${stat.ctimeNs}`;
      const found = known.get(path);
      if (found?.stamp === stamp) return found.hash;
      const hash = await hashFile(path);
      const isSettled =
        BigInt(now()) - stat.ctimeMs > SETTLED_MS && BigInt(now()) - stat.mtimeMs > SETTLED_MS;
      if (isSettled && known.size < MOST_FILES) known.set(path, { stamp, hash });
      else known.delete(path);
      return hash;
    },
    keepOnly: (root, paths) => {
      for (const path of known.keys()) {
        if (path.startsWith(`${root}/`) && !paths.has(path)) known.delete(path);
      }
    },
  };
};
