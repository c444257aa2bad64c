// Flags on disk: a generation is a folder of empty files that never changes once it has its name, and `current` is a
// link to it. Whoever reads sees one generation or the next, never a part; no agent has to run for that.
// This room must never know which edge reads its files.
import {
  closeSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  mkdirSync,
} from 'node:fs';
import { join } from 'node:path';
import { ensureFolder, syncFolder } from '../../kit/atomic-file.ts';
import { type Flags, NO_FLAGS } from '../../model/edge.ts';
import { isName, type Name, type Seat, type SlotKey, toName } from '../../model/names.ts';

/** How many generations stay on disk: a reader that has just read the link still finds what it names. */
const KEPT = 3;

const GENERATION = /^gen-(\d+)$/;

/** File names of a generation, sorted. Blue seats have none. RangeError where a key is not `<service>.<slot>`. */
export const fileNamesOf = (flags: Flags): readonly string[] => {
  const greens = Object.entries(flags.seats)
    .filter(([, seat]) => seat === 'green')
    .map(([key]) => `${toSlotKey(key)}.green`);
  const held = flags.held.map((service) => `${toName(service)}.hold`);
  const maintenance = flags.maintenance.map((service) => `${toName(service)}.maintenance`);
  return [...new Set([...greens, ...held, ...maintenance])].toSorted();
};

/** The other way round. Blue seats are left out; names that are not flags are passed over. */
export const flagsOfFileNames = (names: readonly string[]): Flags => {
  const seats: Record<SlotKey, Seat> = {};
  const held: Name[] = [];
  const maintenance: Name[] = [];
  for (const name of names.toSorted()) {
    const [service = '', ...rest] = name.split('.');
    if (!isName(service)) continue;
    if (rest.length === 1 && rest[0] === 'hold') held.push(service);
    else if (rest.length === 1 && rest[0] === 'maintenance') maintenance.push(service);
    else if (rest.length === 2 && /^\d+$/.test(rest[0]!) && rest[1] === 'green') {
      seats[`${service}.${rest[0]}`] = 'green';
    }
  }
  return { seats, held, maintenance };
};

/** The generation that `current` names; null where there is none yet. */
export const currentGeneration = (folder: string): string | null => {
  try {
    const name = readlinkSync(join(folder, 'current'));
    return GENERATION.test(name) ? name : null;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EINVAL') return null;
    throw error;
  }
};

/** The flags in force; NO_FLAGS where there are none. */
export const readFlags = (folder: string): Flags => {
  const generation = currentGeneration(folder);
  return generation === null ? NO_FLAGS : flagsOfFileNames(readdirSync(join(folder, generation)));
};

/**
 * Makes `flags` the ones in force: the next generation is written aside and synced, then the link is renamed over the
 * old one. False where they were in force already. What a crash left half made is removed on the way.
 */
export const writeFlags = (folder: string, flags: Flags): boolean => {
  const wanted = fileNamesOf(flags);
  const before = currentGeneration(folder);
  if (before !== null && fileNamesOf(readFlags(folder)).join() === wanted.join()) return false;
  ensureFolder(folder, 0o700);
  removeLeftovers(folder);
  const generation = nextGeneration(folder);
  const aside = join(folder, `.${generation}`);
  mkdirSync(aside, { mode: 0o700 });
  for (const name of wanted) closeSync(openSync(join(aside, name), 'wx', 0o600));
  syncFolder(aside);
  renameSync(aside, join(folder, generation));
  symlinkSync(generation, join(folder, '.current'));
  renameSync(join(folder, '.current'), join(folder, 'current'));
  syncFolder(folder);
  removeOld(folder, generation);
  return true;
};

/** Every seat of the stack is blue from now on, nothing is held. */
export const removeFlags = (folder: string): void => {
  rmSync(join(folder, 'current'), { force: true });
  rmSync(folder, { recursive: true, force: true });
};

const toSlotKey = (key: SlotKey): SlotKey => {
  const [service = '', slot = '', ...rest] = key.split('.');
  if (rest.length > 0 || !/^[1-9]\d*$/.test(slot)) {
    throw new RangeError(`not a slot: ${JSON.stringify(key)}, <service>.<number> required`);
  }
  return `${toName(service)}.${slot}`;
};

// Readers keep what a generation says by its name. Counting from the clock, a name does not come back
// after the folder was removed and made again.
const nextGeneration = (folder: string): string => {
  const last = Math.max(0, ...numbersIn(folder));
  return `gen-${Math.max(last + 1, Date.now())}`;
};

const numbersIn = (folder: string): readonly number[] =>
  readdirSync(folder).flatMap((name) => {
    const match = GENERATION.exec(name);
    return match ? [Number(match[1])] : [];
  });

const removeLeftovers = (folder: string): void => {
  for (const name of readdirSync(folder)) {
    if (name.startsWith('.')) rmSync(join(folder, name), { recursive: true, force: true });
  }
};

const removeOld = (folder: string, current: string): void => {
  const old = numbersIn(folder)
    .toSorted((a, b) => b - a)
    .slice(KEPT)
    .map((number) => `gen-${number}`)
    .filter((name) => name !== current);
  for (const name of old) rmSync(join(folder, name), { recursive: true, force: true });
};
