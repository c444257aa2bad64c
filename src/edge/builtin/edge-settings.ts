import { parseArgs } from 'node:util';
import { DEFAULT_LIMITS, type EdgeLimits } from './edge-core.ts';
import { plainAddress } from './forward-headers.ts';

/** What the edge's process is started with. */
export type EdgeSettings = {
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  /** Addresses of proxies whose `X-Forwarded-*` is believed. */
  readonly trusted: ReadonlySet<string>;
  readonly limits: EdgeLimits;
  /** Where whoever starts the edge waits for its StartReport; null where nobody does. */
  readonly readyFd: number | null;
};

/** The arguments that `parseSettings` reads again. */
export const settingsArguments = (settings: {
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  readonly trusted: readonly string[];
  readonly limits: Partial<EdgeLimits>;
  readonly readyFd: number;
}): readonly string[] => [
  '--folder',
  settings.folder,
  '--host',
  settings.host,
  '--port',
  String(settings.port),
  ...settings.trusted.flatMap((address) => ['--trust', address]),
  '--limits',
  JSON.stringify(settings.limits),
  '--ready-fd',
  String(settings.readyFd),
];

export const parseSettings = (args: readonly string[]): EdgeSettings => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      folder: { type: 'string' },
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '7080' },
      trust: { type: 'string', multiple: true, default: [] },
      limits: { type: 'string', default: '{}' },
      'ready-fd': { type: 'string' },
    },
  });
  if (!values.folder) throw new Error('--folder is required');
  return {
    folder: values.folder,
    host: values.host,
    port: Number(values.port),
    trusted: new Set(values.trust.map(plainAddress)),
    limits: { ...DEFAULT_LIMITS, ...(JSON.parse(values.limits) as Partial<EdgeLimits>) },
    readyFd: values['ready-fd'] === undefined ? null : Number(values['ready-fd']),
  };
};
