// Standing duties of the agent, each one function called by a timer. Whatever changes the host is a Change of its own;
// what is here only keeps books, or starts one.
import { globSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { instanceLogPath, jobLogPath, type Layout } from '../model/layout.ts';
import { instanceId, type Name } from '../model/names.ts';
import type { LogBook, LogFile, LogRetention } from '../ports/log-book.ts';
import type { Store } from '../ports/store.ts';

export type LogChores = {
  /** Notes how far each output file is: about once a second. */
  readonly note: () => Promise<void>;
  /** Copies old ranges out and frees them: about every ten seconds. */
  readonly retain: () => Promise<void>;
  /** Keeps what the jobs of a stack have written, all together, within what one log may have: now and then. */
  readonly retainJobs: () => Promise<void>;
};

export const createLogChores = (hands: {
  readonly store: Store;
  readonly logBook: LogBook;
  readonly layout: Layout;
  readonly now: () => number;
}): LogChores => {
  const rows = () => hands.store.instances.list(null);

  const filesOf = (row: ReturnType<typeof rows>[number]): LogFile[] =>
    (['out', 'err'] as const).map((stream) => ({
      path: instanceLogPath(hands.layout, row.stack, instanceId(row), stream),
      stream,
      instance: instanceId(row),
    }));

  // As the live release says it: a deploy that changes it may leave every copy as it is, under the release it came with.
  const retentionOf = (stack: Name, release: number): LogRetention | undefined =>
    (hands.store.releases.current(stack) ?? hands.store.releases.get(stack, release))?.stack.retention;

  return {
    note: () => hands.logBook.note(rows().flatMap(filesOf), hands.now()),
    retain: async () => {
      const troubles: unknown[] = [];
      for (const [stack, ofOne] of Map.groupBy(rows(), (row) => row.stack)) {
        const retention = retentionOf(stack, ofOne[0]!.release);
        if (!retention) continue;
        for (const file of ofOne.flatMap(filesOf)) {
          // One that can not be kept in bounds keeps none of the others from it.
          await hands.logBook.retain(file, retention).catch((error: unknown) => troubles.push(error));
        }
      }
      if (troubles.length > 0) throw troubles[0];
    },
    retainJobs: async () => {
      const open = new Set(hands.store.journal.unfinished().map(({ id }) => id));
      for (const { name } of hands.store.stacks.list()) {
        const live = hands.store.releases.current(name);
        if (live)
          removeOldJobLogs(dirname(jobLogPath(hands.layout, name, 0, 'any', 'out')), {
            ...live.stack.retention,
            open,
          });
      }
    },
  };
};

// Whole files, those of the oldest changes first.
const removeOldJobLogs = (
  folder: string,
  { logBytes, open }: { readonly logBytes: number; readonly open: ReadonlySet<number> },
): void => {
  const files = globSync('*-*.{out,err}', { cwd: folder })
    .map((name) => ({ path: join(folder, name), change: Number.parseInt(name, 10) }))
    .toSorted((a, b) => b.change - a.change);
  let bytes = 0;
  for (const { path, change } of files) {
    bytes += statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (bytes > logBytes && !open.has(change)) rmSync(path, { force: true });
  }
};
