import { messageOf } from '../kit/message-of.ts';
import type { LogBook, LogLine } from '../ports/log-book.ts';
import type { Instance } from './instance.ts';

const LINES = 20;

/** The last 20 lines that this start of the instance wrote, both outputs merged as far as their times tell. Never throws. */
export const readLastLines = async (logBook: LogBook, instance: Instance): Promise<readonly string[]> => {
  const { outputs, id } = instance;
  const files = outputs.map(({ path, stream }) => ({ path, stream, instance: id }));
  const query = { tail: LINES, since: null, grep: null, follow: false };
  const lines: LogLine[] = [];
  try {
    for await (const line of logBook.read(files, query)) {
      const output = outputs.find(({ stream }) => stream === line.stream);
      if (line.offset >= (output?.from ?? 0)) lines.push(line);
    }
  } catch (error) {
    return [`(its output could not be read: ${messageOf(error)})`];
  }
  return lines.slice(-LINES).map(({ text }) => text);
};
