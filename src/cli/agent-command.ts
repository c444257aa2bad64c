import { join } from 'node:path';

/** What runs an agent in its foreground, on the very Node and sources that run this. */
export const agentCommand = (extra: readonly string[] = []): string[] => [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  join(import.meta.dirname, 'main.ts'),
  'agent',
  'start',
  '--foreground',
  // An error in its log is read by whoever started it.
  '--json',
  ...extra,
];
