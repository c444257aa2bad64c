import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readStat } from '../kit/process-identity.ts';

/** `address` as it is written before a colon and a port: `127.0.0.1`, `0.0.0.0`, `[::1]`, `[::]`. */
export type ListeningPort = { readonly address: string; readonly port: number };

/**
 * The TCP ports that a process, its descendants and the rest of its session listen on, lowest first. From proc(5); empty
 * where there is no /proc, and without those whose descriptors we may not see.
 */
export const listeningPorts = async (pid: number): Promise<readonly ListeningPort[]> => {
  const { statsOf, tablesOf } = shareLook();
  const inodes = new Set(treeOf(pid, statsOf()).flatMap(socketInodes));
  const found = new Map(
    tablesOf(pid)
      .filter(({ inode }) => inodes.has(inode))
      .map((one) => [`${one.address}:${one.port}`, one]),
  );
  return [...found.values()]
    .map(({ address, port }) => ({ address, port }))
    .toSorted((a, b) => a.port - b.port);
};

/** Every TCP port that anything listens on in this network namespace. */
export const allListeningPorts = async (): Promise<readonly number[]> => [
  ...new Set(
    ['tcp', 'tcp6']
      .flatMap((table) => parseTable(readOrEmpty(`/proc/self/net/${table}`)))
      .map(({ port }) => port),
  ),
];

/** A process of another run, `run` as `<stack>/<instance>`. */
export type Stranger = { readonly pid: number; readonly run: string };

/**
 * Who of another run listens on `port`, where nobody of the tree of `pid` does. Null where no such one is known: what
 * carries no mark of a run may be a program that the instance has started and that went its own ways.
 */
export const findStranger = async (pid: number, port: number): Promise<Stranger | null> => {
  const { statsOf, tablesOf } = shareLook();
  const inodes = new Set(tablesOf(pid).flatMap((entry) => (entry.port === port ? [entry.inode] : [])));
  const listens = (one: number): boolean => socketInodes(one).some((inode) => inodes.has(inode));
  if (inodes.size === 0 || listens(pid) || treeOf(pid, statsOf()).some(listens)) return null;
  const own = markOf(pid);
  for (const { pid: other } of statsOf()) {
    const mark = markOf(other);
    if (mark !== null && mark !== own && listens(other))
      return { pid: other, run: mark.split('/').slice(0, 2).join('/') };
  }
  return null;
};

// Every program has it from its shim, and hands it on: `<stack>/<instance>/<generation>`.
const markOf = (pid: number): string | null =>
  /(?:^|\0)REEVE_RUN=([^\0]+)/.exec(readOrEmpty(`/proc/${pid}/environ`))?.[1] ?? null;

type Entry = ListeningPort & { readonly inode: string };

const LISTEN = '0A';

/** The listening sockets of a /proc/net/tcp or tcp6 table. */
export const parseTable = (text: string): readonly Entry[] =>
  text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === LISTEN)
    .map((fields) => {
      const [address = '', port = ''] = fields[1]!.split(':');
      return { address: parseAddress(address), port: Number.parseInt(port, 16), inode: fields[9] ?? '' };
    });

// Each group of 32 bits is written in the byte order of the host, which is little-endian wherever Node runs on Linux.
const parseAddress = (hex: string): string => {
  const bytes = [...hex.matchAll(/.{8}/g)].flatMap(([word]) => [...Buffer.from(word, 'hex').reverse()]);
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, at) =>
    ((bytes[at * 2]! << 8) | bytes[at * 2 + 1]!).toString(16),
  );
  // The URL parser knows the short form (RFC 5952).
  return new URL(`http://[${groups.join(':')}]/`).hostname;
};

type Stats = readonly NonNullable<ReturnType<typeof readStat>>[];

/** Every process, and who listens in the network namespace of one of them. */
type Look = { readonly statsOf: () => Stats; readonly tablesOf: (pid: number) => readonly Entry[] };

let look: Look | null = null;

// Whoever asks for hundreds of programs does so in one turn: they all get the same pass over /proc.
const shareLook = (): Look => {
  if (!look) {
    look = takeLook();
    setImmediate(() => (look = null));
  }
  return look;
};

const takeLook = (): Look => {
  let stats: Stats | null = null;
  const statsOf = (): Stats => {
    stats ??= readPids()
      .map(readStat)
      .filter((stat) => stat !== null);
    return stats;
  };
  const known = new Map<string, readonly Entry[]>();
  const tablesOf = (pid: number): readonly Entry[] => {
    const namespace = linkOrEmpty(`/proc/${pid}/ns/net`) || String(pid);
    const entries =
      known.get(namespace) ??
      ['tcp', 'tcp6'].flatMap((table) => parseTable(readOrEmpty(`/proc/${pid}/net/${table}`)));
    known.set(namespace, entries);
    return entries;
  };
  return { statsOf, tablesOf };
};

const treeOf = (root: number, stats: Stats): readonly number[] => {
  const session = stats.find(({ pid }) => pid === root)?.session;
  const tree = new Set([root]);
  // A parent may come after its child in the listing: once more, until nothing is added.
  for (let size = 0; size < tree.size;) {
    size = tree.size;
    for (const { pid, parent, session: own } of stats) {
      if (tree.has(parent) || (own === session && own !== 0)) tree.add(pid);
    }
  }
  return [...tree];
};

const readPids = (): readonly number[] => {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
};

const socketInodes = (pid: number): readonly string[] => {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOrEmpty(`/proc/${pid}/fd/${fd}`))?.[1];
      return inode ? [inode] : [];
    });
  } catch {
    // It ended, or belongs to somebody else.
    return [];
  }
};

const linkOrEmpty = (path: string): string => {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
};

const readOrEmpty = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};
