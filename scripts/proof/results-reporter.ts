// A reporter for Node's test runner: which tests of which file passed, failed or were skipped, as JSON.
import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { root } from '../run-steps.ts';

export type TestResult = {
  readonly title: string;
  readonly result: 'passed' | 'failed' | 'skipped';
  /** Why it was skipped, where it says so. */
  readonly reason?: string;
};

/** By file, relative to the project; in the order in which they ended. */
export type TestResults = Readonly<Record<string, readonly TestResult[]>>;

// The test runner asks for a default export.
// oxlint-disable-next-line import/no-default-export
export default async function* resultsReporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const results: Record<string, TestResult[]> = {};
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const { name, skip } = data;
    // A suite fails with its tests, and only what is skipped as a whole has none that say so.
    if (data.file === undefined || (data.details.type === 'suite' && skip === undefined)) continue;
    const file = relative(root, data.file);
    const result = type === 'test:fail' ? 'failed' : skip === undefined ? 'passed' : 'skipped';
    const reason = typeof skip === 'string' ? { reason: skip } : {};
    (results[file] ??= []).push({ title: name, result, ...reason });
  }
  yield `${JSON.stringify(results, null, 1)}\n`;
}
