import type { Finding } from '../../model/finding.ts';
import type { World } from '../world.ts';

const OTHERS_READ_OR_WRITE = 0o066;

/** Secrets that others of this host can read, or change. */
export const checkEnvFiles = async (world: World): Promise<readonly Finding[]> =>
  (await world.envFiles())
    .filter(({ mode }) => (mode & OTHERS_READ_OR_WRITE) !== 0)
    .map(({ stack, path, mode }) => ({
      stack,
      code: 'doctor.env-file-open',
      severity: 'error',
      symptom: `Env file "${path}" of "${stack}" is open to others than its owner`,
      evidence: [`mode ${(mode & 0o777).toString(8).padStart(4, '0')}, 0600 required`],
      cause: 'It was made with the usual permissions, which let others read it; the next deploy refuses it',
      fix: `Close it: chmod 600 ${path}`,
    }));
