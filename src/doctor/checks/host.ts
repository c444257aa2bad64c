import { formatBytes, formatShare } from '../../kit/format.ts';
import type { Finding } from '../../model/finding.ts';
import type { HostFacts, World } from '../world.ts';

/** One file per connection, log and watch. */
const FEW_FILES = 4096;
const LITTLE_MEMORY_SHARE = 0.05;
/** The oldest that a supported Debian or Ubuntu has. */
const OLDEST_KERNEL = [4, 18] as const;

export const checkHost = async (world: World): Promise<readonly Finding[]> => {
  const host = await world.host();
  return [checkMemory(host), checkFiles(host), checkKernel(host)].filter((finding) => finding !== null);
};

const checkMemory = ({ memoryAvailableBytes: left, memoryTotalBytes: total }: HostFacts): Finding | null =>
  left >= LITTLE_MEMORY_SHARE * total
    ? null
    : {
        code: 'doctor.memory-low',
        severity: 'warning',
        symptom: `The host has ${formatBytes(left)} of memory left`,
        evidence: [`${formatBytes(left)} of ${formatBytes(total)} available (${formatShare(left / total)})`],
        cause: 'Programs need more memory than there is; the kernel ends one of them when it runs out',
        fix: 'See who takes it: reeve ps, or ps aux --sort -rss; then set limits.memory or take a larger host',
      };

const checkFiles = ({ openFilesLimit }: HostFacts): Finding | null =>
  openFilesLimit >= FEW_FILES
    ? null
    : {
        code: 'doctor.few-files',
        severity: 'warning',
        symptom: `The agent may open ${openFilesLimit} files at once`,
        evidence: [`ulimit -n: ${openFilesLimit}, at least ${FEW_FILES} wanted`],
        cause: 'The limit of open files is low where the agent was started, and programs inherit it',
        fix: 'Raise it before starting the agent: ulimit -n 65536, or LimitNOFILE=65536 in its unit',
      };

const checkKernel = ({ kernel }: HostFacts): Finding | null => {
  const [major = 0, minor = 0] = kernel.split(/[.-]/).map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_KERNEL;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return null;
  return {
    code: 'doctor.old-kernel',
    severity: 'warning',
    symptom: `The kernel is ${kernel}, older than ${OLDEST_KERNEL.join('.')}`,
    evidence: [`uname -r: ${kernel}`],
    cause: 'Reeve is tested with the kernels of supported Debian and Ubuntu releases',
    fix: 'Upgrade the host to a supported release',
  };
};
