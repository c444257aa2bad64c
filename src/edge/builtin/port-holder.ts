// Who listens on a port of this host, from /proc (proc(5)). Best effort: other users' processes keep their secrets.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export type PortHolder = { readonly pid: number; readonly command: string };

const LISTENING = '0A';

/** Null where nobody listens there, or it can not be told who. */
export const findPortHolder = (port: number): PortHolder | null => {
  const inodes = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => inodesIn(textOf(file), port)));
  if (inodes.size === 0) return null;
  for (const entry of namesIn('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    if (!holdsOne(entry, inodes)) continue;
    const command = textOf(`/proc/${entry}/cmdline`).replaceAll('\0', ' ').trim();
    return { pid: Number(entry), command: command.slice(0, 120) || textOf(`/proc/${entry}/comm`).trim() };
  }
  return null;
};

/** Socket inodes that listen on `port`; `text` is a table like /proc/net/tcp. */
export const inodesIn = (text: string, port: number): readonly string[] => {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === LISTENING && fields[1]?.endsWith(`:${wanted}`))
    .map((fields) => fields[9] ?? '');
};

const holdsOne = (pid: string, inodes: ReadonlySet<string>): boolean =>
  namesIn(`/proc/${pid}/fd`).some((fd) => {
    const match = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`));
    return match !== null && inodes.has(match[1]!);
  });

const namesIn = (folder: string): readonly string[] => orElse(() => readdirSync(folder), []);
const textOf = (file: string): string => orElse(() => readFileSync(file, 'utf8'), '');
const linkOf = (link: string): string => orElse(() => readlinkSync(link), '');

const orElse = <T>(read: () => T, otherwise: T): T => {
  try {
    return read();
  } catch {
    // Gone between two looks, or somebody else's.
    return otherwise;
  }
};
