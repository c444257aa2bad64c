import type { Command } from 'commander';
import { registerServiceChange } from '../service-change.ts';

export const register = (program: Command): void =>
  registerServiceChange(program, {
    want: 'restart',
    summary: 'Replace the running instances of services by new ones, without a dropped request.',
    nothing: 'Nothing to restart',
    examples: [
      ['reeve restart web', 'one service'],
      ['reeve restart', 'all services of the stack'],
    ],
  });
