import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

let cached: string | null = null;

/** Of this Reeve, from its package.json. */
export const reeveVersion = (): string => {
  cached ??= (
    JSON.parse(readFileSync(join(resolve(import.meta.dirname, '../..'), 'package.json'), 'utf8')) as {
      version: string;
    }
  ).version;
  return cached;
};
