// A host as it is after another boot, or another host: with a boot id of its own, and where wanted with a loopback of its own.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

export type OtherBoot = {
  /** Where its boot id may be written to. */
  readonly folder: string;
  /** Which boot it is, counted by the caller. */
  readonly boot: number;
  readonly hasOwnLoopback: boolean;
};

/** Why this host can not have one; null where it can. */
export const whyNoOtherBoot = (): string | null => {
  if (process.getuid?.() !== 0) return 'only root can make namespaces';
  const enter = `mount --bind ${BOOT_ID} ${BOOT_ID} && ip link set lo up`;
  const { status } = spawnSync('unshare', ['--mount', '--net', 'sh', '-c', enter]);
  return status === 0 ? null : 'this host does not let root make namespaces, or has no ip(8)';
};

/**
 * The command that runs another as after that boot, in its own place. It sees the same processes and files. Its namespaces
 * (namespaces(7)) end with the last process in them: nothing has to be unmounted.
 */
export const asAfterBoot =
  ({ folder, boot, hasOwnLoopback }: OtherBoot) =>
  (command: readonly string[]): readonly string[] => {
    const bootId = join(folder, `boot-id-${boot}`);
    writeFileSync(bootId, `00000000-0000-4000-8000-${String(boot).padStart(12, '0')}\n`);
    const loopback = hasOwnLoopback ? 'ip link set lo up && ' : '';
    const enter = `mount --bind "$0" ${BOOT_ID} && ${loopback}exec "$@"`;
    const spaces = hasOwnLoopback ? ['--mount', '--net'] : ['--mount'];
    return ['unshare', ...spaces, 'sh', '-c', enter, bootId, ...command];
  };

/** The command that runs another on the loopback of a process. */
export const besideProcess = (pid: number, command: readonly string[]): readonly string[] => [
  'nsenter',
  `--net=/proc/${pid}/ns/net`,
  ...command,
];
