import { formatBytes, formatShare } from '../../kit/format.ts';
import type { Finding } from '../../model/finding.ts';
import type { DiskFacts, World } from '../world.ts';

const MB = 1024 * 1024;
/** Below both of a pair: a share alone is a lot on a large disk, bytes alone on a small one. */
const FULL = { share: 0.02, bytes: 512 * MB };
const LOW = { share: 0.1, bytes: 4096 * MB };
const FEW_INODES_SHARE = 0.02;

/** Room for releases, logs and the journal. */
export const checkDisk = async (world: World): Promise<readonly Finding[]> => {
  const disks = (await world.disks()).map((disk, at) => ({
    ...disk,
    name: at === 0 ? 'the state folder' : `"${disk.path}"`,
  }));
  const findings = disks
    .flatMap((disk) => [checkSpace(disk), checkInodes(disk)])
    .filter((finding) => finding !== null);
  return (await world.canPunchHoles()) ? findings : [...findings, NO_HOLES];
};

type Disk = DiskFacts & { readonly name: string };

const checkSpace = ({ name, path, freeBytes, totalBytes }: Disk): Finding | null => {
  const isBelow = (mark: typeof FULL): boolean =>
    freeBytes < mark.bytes && freeBytes < mark.share * totalBytes;
  if (!isBelow(LOW)) return null;
  const isFull = isBelow(FULL);
  return {
    code: isFull ? 'doctor.disk-full' : 'doctor.disk-low',
    severity: isFull ? 'error' : 'warning',
    symptom: `The disk of ${name} has ${formatBytes(freeBytes)} left`,
    evidence: [
      `${path}: ${formatBytes(freeBytes)} of ${formatBytes(totalBytes)} free (${formatShare(freeBytes / totalBytes)})`,
    ],
    cause:
      'Logs, old releases or something else on the same disk fill it; on a full disk no change can be made',
    fix: `See what takes the room: du -xh ${path} | sort -h | tail; then remove it, or lower the retention in the stack file`,
  };
};

const checkInodes = ({ name, path, freeInodes, totalInodes }: Disk): Finding | null => {
  if (totalInodes === 0 || freeInodes >= FEW_INODES_SHARE * totalInodes) return null;
  return {
    code: 'doctor.inodes-low',
    severity: 'error',
    symptom: `The disk of ${name} has room for ${freeInodes} more files`,
    evidence: [`${path}: ${freeInodes} of ${totalInodes} inodes free`],
    cause: 'Very many small files, mostly caches and dependencies of old releases',
    fix: `See where they are: du --inodes -x ${path} | sort -n | tail; then lower retention.releases in the stack file`,
  };
};

const NO_HOLES: Finding = {
  code: 'doctor.no-hole-punching',
  severity: 'note',
  symptom: 'Old output is freed only when a program starts again',
  evidence: ['fallocate --punch-hole in the state folder: not possible'],
  cause: 'The filesystem of the state folder can not punch holes, or the program fallocate is missing',
  fix: 'Put the state folder on ext4, xfs or btrfs, and install the package util-linux',
};
