import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

/** What the figures depend on: facts of the machine, and versions. */
export const machineFacts = (): Readonly<Record<string, string>> => ({
  cores: String(availableParallelism()),
  processor: cpus()[0]?.model.trim() ?? 'unknown',
  memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
  kernel: release(),
  node: process.version,
  pm2: packageVersion('.cache/bench/pm2/node_modules/pm2/package.json'),
  supervisord: outputOf('supervisord', '--version'),
  nginx: outputOf('nginx', '-v').replace(/^.*\//, ''),
  caddy: outputOf('caddy', 'version').split(' ')[0]!,
  wrk: /wrk (?:debian\/)?([^ ]+)/.exec(outputOf('wrk', '--version'))?.[1] ?? 'none',
});

/** Runnable processes, averaged over the last minute. */
export const loadNow = (): number => Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0]);

const packageVersion = (path: string): string => {
  try {
    return (JSON.parse(readFileSync(join(root, path), 'utf8')) as { readonly version: string }).version;
  } catch {
    // Not installed: the comparison says so where it matters.
    return 'none';
  }
};

// On whichever stream it says it, with whichever exit code.
const outputOf = (...argv: readonly string[]): string => {
  try {
    return execFileSync('sh', ['-c', '"$@" 2>&1', 'sh', ...argv], { encoding: 'utf8', timeout: 5000 }).trim();
  } catch (error) {
    const { stdout } = error as { readonly stdout?: string };
    return stdout?.startsWith('wrk') ? stdout : 'none';
  }
};
