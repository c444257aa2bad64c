// The CLI's door, and the agent's. It is the only JavaScript here: what runs before the compile cache is on is compiled each
// time, and for one file of TypeScript Node loads a compiler of 17 MB, 35 ms of every command.
import { enableCompileCache } from 'node:module';
import { mkdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Code from a folder that others can write would be code of theirs: it has to be ours alone.
const cacheFolder = () => {
  const uid = process.getuid?.() ?? 0;
  const folder = join(tmpdir(), `reeve-compile-cache-${uid}`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid: owner, mode } = statSync(folder);
    return owner === uid && (mode & 0o077) === 0 ? folder : null;
  } catch (error) {
    // No cache is slower and nothing else: a read-only or full disk must not keep a command from running.
    if (error.code) return null;
    throw error;
  }
};

const folder = cacheFolder();
if (folder) enableCompileCache(folder);

const { processWorld } = await import('./world.ts');
const { runCli } = await import('./run-cli.ts');

const exitCode = await runCli(process.argv.slice(2), processWorld());
if (exitCode !== 0) process.exitCode = exitCode;
