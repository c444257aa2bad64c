import type { Command } from 'commander';
import { registerServiceChange } from '../service-change.ts';

export const register = (program: Command): void =>
  registerServiceChange(program, {
    want: 'stop',
    summary: 'Stop services; they stay stopped until they are started again.',
    nothing: 'Already stopped',
    examples: [
      ['reeve stop web', 'one service'],
      ['reeve stop', 'all services of the stack'],
    ],
  });
