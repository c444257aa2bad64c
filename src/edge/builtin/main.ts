// The edge's own process. It promises to serve what the files in its folder say, whether an agent lives or not, and to
// be the only one that does. It must never know what a release or a change is.
import { rmSync, statSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { ensureFolder, writeFileAtomic } from '../../kit/atomic-file.ts';
import { type FileLock, lockFile } from '../../kit/lock-file.ts';
import { identify } from '../../kit/process-identity.ts';
import { createLineWriter } from '../../kit/line-writer.ts';
import { reeveVersion } from '../../kit/version.ts';
import { openControlServer } from './control-server.ts';
import { claimPath, CONTROL_SOCKET, recordPath } from './edge-paths.ts';
import { type EdgeRecord, reportStart, type StartReport } from './edge-record.ts';
import { type EdgeSettings, parseSettings } from './edge-settings.ts';
import { openEdgeCore } from './open-edge-core.ts';
import { PublicServer } from './public-server.ts';

/** An edge that was just replaced gives its port back within moments. */
const BIND_MS = 2000;
const BIND_AGAIN_MS = 20;
/** How long requests may go on after a signal. */
const STOP_MS = 10_000;
const FOLDER_LOOK_MS = 2000;

const run = async (settings: EdgeSettings): Promise<void> => {
  process.umask(0o077);
  process.title = 'reeve-edge';
  const { folder, host } = settings;
  ensureFolder(folder, 0o700);
  // One edge per state folder.
  const claim = lockFile(claimPath(folder));
  if (!claim) return leave(settings, { outcome: 'claimed' });
  const core = openEdgeCore(settings);
  for (const { file, why } of core.book.broken) log(`site file "${file}" is not in force: ${why}`);
  const door = new PublicServer(core);
  const port = await openDoor(door, settings);
  if (port === null) return leave(settings, { outcome: 'port-taken' });
  const startedAt = Date.now();
  const version = reeveVersion();
  const stop = (deadlineMs: number): void => void close({ folder, door, control, claim }, deadlineMs);
  const control = await openControlServer({ folder, core, door, version, startedAt, host, port, stop });
  const record: EdgeRecord = { folder, process: identify(process.pid), version, startedAt, host, port };
  writeFileAtomic(recordPath(folder), `${JSON.stringify(record)}\n`, 0o600);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop(STOP_MS));
  log(`serves ${core.book.sites.length} sites on ${host}:${port}, version ${version}, pid ${process.pid}`);
  reportStart(settings.readyFd, { outcome: 'ready', port });
  // Whoever removed the folder can not ask this process to end any more. It ends without a tidy exit, for Node would make
  // the folder again to keep its compiled code there.
  const inode = statSync(folder).ino;
  setInterval(() => {
    if (statSync(folder, { throwIfNoEntry: false })?.ino !== inode) process.kill(process.pid, 'SIGKILL');
  }, FOLDER_LOOK_MS).unref();
};

// On loopback over IPv4 also over IPv6 where there is one: browsers try both for *.localhost (RFC 6761 section 6.3).
const openDoor = async (door: PublicServer, { host, port }: EdgeSettings): Promise<number | null> => {
  const until = performance.now() + BIND_MS;
  for (;;) {
    try {
      const bound = await door.listen(host === 'localhost' ? '127.0.0.1' : host, port);
      if (host === 'localhost' || host === '127.0.0.1') {
        await door
          .listen('::1', bound)
          .catch((error: Error) => log(`does not listen on [::1]: ${error.message}`));
      }
      return bound;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      if (performance.now() > until) return null;
      await new Promise((resolve) => setTimeout(resolve, BIND_AGAIN_MS));
    }
  }
};

type Open = {
  readonly folder: string;
  readonly door: PublicServer;
  readonly control: Server;
  readonly claim: FileLock;
};

let isClosing = false;

const close = async ({ folder, door, control, claim }: Open, deadlineMs: number): Promise<void> => {
  if (isClosing) return;
  isClosing = true;
  log('stops');
  await door.stop(deadlineMs);
  control.close();
  rmSync(join(folder, CONTROL_SOCKET), { force: true });
  rmSync(recordPath(folder), { force: true });
  claim.release();
  process.exit(0);
};

const leave = (settings: EdgeSettings, started: StartReport): void => {
  log(`does not start: ${started.outcome}`);
  reportStart(settings.readyFd, started);
  process.exit(1);
};

const lines = createLineWriter({
  fd: 1,
  gap: (dropped) => lineOf(`could not write ${dropped} lines before this one`),
});
const lineOf = (words: string): string => `${new Date().toISOString()} edge ${words}\n`;
const log = (words: string): void => lines.write(lineOf(words));

// One request that meets a mistake of ours must not end all the others, and there may be no agent to start us again.
let complainedAt = -Infinity;
process.on('uncaughtException', (error) => {
  // By a clock that nobody sets: one that is set back would keep this silent for as long.
  if (performance.now() - complainedAt < 1000) return;
  complainedAt = performance.now();
  log(`goes on after: ${error.stack}`);
});

run(parseSettings(process.argv.slice(2))).catch((error: unknown) => {
  log(`does not start: ${error instanceof Error ? error.stack : String(error)}`);
  process.exit(1);
});
