// Every comparison, in the order of the page.
import type { Comparison } from './harness/comparison.ts';
import { start } from './supervision/start.ts';

export const COMPARISONS: readonly Comparison[] = [start];
