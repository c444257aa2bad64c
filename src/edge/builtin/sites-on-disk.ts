// The site files as the agent's side reads and writes them.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { ensureFolder, syncFolder, writeFileAtomic } from '../../kit/atomic-file.ts';
import type { EdgeSite, UpstreamTraffic } from '../../model/edge.ts';
import { isName, type Name } from '../../model/names.ts';
import { sitePath, sitesFolder } from './edge-paths.ts';
import { parseSite } from './site-file.ts';

/** Null where the stack has none. */
export const readSiteText = (folder: string, stack: Name): string | null =>
  orAbsent(() => readFileSync(sitePath(folder, stack), 'utf8'), null);

/** Those that can be used; a broken file is passed over. */
export const readSites = (folder: string): readonly EdgeSite[] =>
  orAbsent(() => readdirSync(sitesFolder(folder)), []).flatMap((file) => {
    const stack = file.endsWith('.json') ? file.slice(0, -'.json'.length) : '';
    const text = isName(stack) ? readSiteText(folder, stack) : null;
    const site = text === null ? null : parseSite(text, stack).site;
    return site ? [site] : [];
  });

/** Null removes the file. */
export const writeSiteText = (folder: string, stack: Name, text: string | null): void => {
  const path = sitePath(folder, stack);
  ensureFolder(sitesFolder(folder), 0o700);
  if (text !== null) return writeFileAtomic(path, text, 0o600);
  rmSync(path, { force: true });
  syncFolder(sitesFolder(folder));
};

/** The traffic of a site that no process serves. */
export const noTraffic = (site: EdgeSite | null): readonly UpstreamTraffic[] =>
  (site?.services ?? []).flatMap(({ service, slots }) =>
    slots.flatMap(({ slot, blue, green }) => {
      const nothing = { service, slot, requests: 0, errors: 0, failed: 0, inFlight: 0 };
      return [
        { ...nothing, seat: 'blue' as const, port: blue },
        { ...nothing, seat: 'green' as const, port: green },
      ];
    }),
  );

const orAbsent = <T>(read: () => T, absent: T): T => {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return absent;
    throw error;
  }
};
