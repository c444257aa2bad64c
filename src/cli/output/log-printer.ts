import type { LogLine } from '../../ports/log-book.ts';
import type { Voice } from './output.ts';
import type { Style } from './paint.ts';
import { type Line, paintLine, span } from './text.ts';

const STYLES: readonly Style[] = ['cyan', 'green', 'yellow'];

/** Prints `12:04:05 web-1-blue │ text`: one colour for each instance, errors' bar in red. Lines are never cut. */
export const createLogPrinter = (voice: Voice): ((line: LogLine) => void) => {
  const styles = new Map<string, Style>();
  let width = 0;
  return ({ instance, stream, at, text }) => {
    if (!styles.has(instance)) styles.set(instance, STYLES[styles.size % STYLES.length]!);
    width = Math.max(width, widthOf(instance));
    const line: Line = [
      span(at === null ? ' '.repeat(8) : clockTime(at), 'dim'),
      { text: ' ' },
      span(instance.padEnd(width), styles.get(instance)),
      { text: ' ' },
      span(voice.symbols.bar, stream === 'err' ? 'red' : 'dim'),
      { text: ' ' },
      span(text),
    ];
    voice.screen.write(`${paintLine(line, voice.paint)}\n`);
  };
};

// A deploy changes the seat, and the lines of both stand below each other.
const widthOf = (instance: string): number => instance.replace(/-blue$/, '-green').length;

const clockTime = (at: number): string => {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
};
