// Promises: looks, never touches; the earliest broken link comes first, and what follows from it is said to follow.
// Must never know: how facts are read, how findings are shown, or how anything is mended.
import type { Finding } from '../model/finding.ts';
import { checkChanges } from './checks/changes.ts';
import { checkCrashes } from './checks/crashes.ts';
import { checkDisk } from './checks/disk.ts';
import { checkEdge } from './checks/edge.ts';
import { checkEnvFiles } from './checks/env-files.ts';
import { checkHealth } from './checks/health.ts';
import { checkHost } from './checks/host.ts';
import { checkLocks } from './checks/locks.ts';
import { checkMemoryLimits } from './checks/memory-limits.ts';
import { checkPorts } from './checks/ports.ts';
import { checkTraffic } from './checks/traffic.ts';
import { rankFindings } from './rank-findings.ts';
import type { Check, World } from './world.ts';

/** By what people call them. */
export const CHECKS: Readonly<Record<string, Check>> = {
  disk: checkDisk,
  host: checkHost,
  locks: checkLocks,
  changes: checkChanges,
  'env files': checkEnvFiles,
  edge: checkEdge,
  crashes: checkCrashes,
  ports: checkPorts,
  health: checkHealth,
  traffic: checkTraffic,
  'memory limits': checkMemoryLimits,
};

export type Examination = { readonly findings: readonly Finding[]; readonly checked: readonly string[] };

/** Runs every check side by side. One that throws is a finding itself, and the others still count. */
export const examine = async (world: World, checks = CHECKS): Promise<Examination> => {
  const names = Object.keys(checks);
  const found = await Promise.all(names.map((name) => runCheck(name, checks[name]!, world)));
  // The checks said so already where the stacks can not be listed.
  const stacks = await world.stacks().catch(() => []);
  return { findings: rankFindings(found.flat(), stacks), checked: names };
};

const runCheck = async (name: string, check: Check, world: World): Promise<readonly Finding[]> => {
  try {
    return await check(world);
  } catch (error) {
    return [
      {
        code: 'doctor.check-failed',
        severity: 'warning',
        symptom: `The check of ${name} did not end well`,
        evidence: [error instanceof Error ? error.message : String(error)],
        cause: 'What it looks at could not be read, or the check itself is wrong',
        fix: 'Mend what the line above names, then run the doctor again',
      },
    ];
  }
};
