import type { AgentStatus } from '../../api/wire.ts';
import type { Rebuilt } from '../../ports/store.ts';
import { formatAge, formatBytes } from '../../kit/format.ts';
import { renderFields } from './fields.ts';
import type { Voice } from './output.ts';
import { type Line, span } from './text.ts';

export const renderAgent = (agent: AgentStatus, now: number, voice: Voice): Line[] => [
  [span(voice.symbols.full, 'green'), span(` The agent runs (reeve ${agent.version})`)],
  ...renderFields(
    [
      {
        label: 'process',
        lines: [`${agent.pid}, up ${formatAge(now - agent.startedAt)}, ${formatBytes(agent.rssBytes)}`],
      },
      { label: 'runs', lines: [`${count(agent.stacks, 'stack')}, ${count(agent.instances, 'instance')}`] },
      { label: 'driver', lines: [agent.driver] },
      { label: 'edge', lines: [agent.edge] },
      { label: 'state', lines: [agent.home] },
      { label: 'socket', lines: [agent.socket] },
    ],
    voice,
  ),
  ...(agent.rebuilt ? renderRebuilt(agent.rebuilt, voice) : []),
];

/** What an agent put together anew because the state database was lost. */
export const renderRebuilt = ({ why, setAside, found, doubts }: Rebuilt, voice: Voice): Line[] => [
  [
    span(voice.symbols.undone, 'yellow'),
    span(
      ' The state database was lost; it is rebuilt from what is on disk and running, and nothing was stopped',
    ),
  ],
  ...renderFields(
    [
      { label: 'why', lines: [why ?? 'it was gone, or knew nothing'] },
      { label: 'kept', lines: setAside === null ? [] : [setAside] },
      { label: 'rebuilt', lines: found },
      { label: 'doubt', lines: doubts },
    ],
    voice,
  ),
];

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
