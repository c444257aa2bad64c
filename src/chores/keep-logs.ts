// Standing duties of the agent, each one function called by a timer. Whatever changes the host is a Change of its own;
// what is here only keeps books, or starts one.
import { instanceLogPath, type Layout } from '../model/layout.ts';
import { instanceId } from '../model/names.ts';
import type { LogBook, LogFile } from '../ports/log-book.ts';
import type { Store } from '../ports/store.ts';

export type LogChores = {
  /** Notes how far each output file is: about once a second. */
  readonly note: () => Promise<void>;
  /** Copies old ranges out and frees them: about every ten seconds. */
  readonly retain: () => Promise<void>;
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

  return {
    note: () => hands.logBook.note(rows().flatMap(filesOf), hands.now()),
    retain: async () => {
      for (const row of rows()) {
        const retention = hands.store.releases.get(row.stack, row.release)?.stack.retention;
        if (!retention) continue;
        for (const file of filesOf(row)) await hands.logBook.retain(file, retention);
      }
    },
  };
};
