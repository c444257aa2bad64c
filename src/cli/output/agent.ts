import type { AgentStatus } from '../../api/wire.ts';
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
];

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
