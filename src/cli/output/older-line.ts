import { type Line, span } from './text.ts';

/** Below a list that was cut: how to see more of it. */
export const olderLine = (command: string): Line => [span(`There are older ones: ${command}`, 'dim')];
