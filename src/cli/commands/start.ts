import type { Command } from 'commander';
import { registerServiceChange } from '../service-change.ts';

export const register = (program: Command): void =>
  registerServiceChange(program, {
    want: 'start',
    summary: 'Start services that were stopped.',
    nothing: 'Already started',
    examples: [
      ['reeve start web', 'one service'],
      ['reeve start', 'all services of the stack'],
    ],
  });
