import { join } from 'node:path';

/** What runs an agent in its foreground, on the very Node and sources that run this. */
export const agentCommand = (extra: readonly string[] = []): string[] => [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  // What an agent makes lives shortly: collected early, it never becomes resident.
  '--max-semi-space-size=1',
  join(import.meta.dirname, 'main.js'),
  'agent',
  'start',
  '--foreground',
  // An error in its log is read by whoever started it.
  '--json',
  ...extra,
];
