import type { Screen } from '../world.ts';
import type { Paint } from './paint.ts';
import { type Line, paintLine, truncate } from './text.ts';

/** The last lines of a terminal, redrawn in place; what is kept above them scrolls away as usual. */
export type LiveArea = {
  readonly draw: (lines: readonly Line[]) => void;
  /** Writes lines for good, above what is drawn. */
  readonly keep: (lines: readonly Line[]) => void;
  /** Ends the drawing. What was drawn last stays unless it is cleared first with `draw([])`. */
  readonly close: () => void;
};

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const CLEAR_BELOW = '\x1b[J';

export const openLiveArea = (screen: Screen, paint: Paint): LiveArea => {
  let drawn: readonly Line[] = [];
  let height = 0;
  let isOpen = true;
  screen.write(HIDE_CURSOR);

  const toTop = (): string => (height === 0 ? '\r' : `\x1b[${height}A\r`);

  // A line as wide as the terminal would wrap in some of them, and then the count of lines is wrong: one column stays free.
  const render = (lines: readonly Line[]): string =>
    lines.map((of) => `${paintLine(truncate(of, screen.columns() - 1), paint)}\n`).join('');

  const draw = (lines: readonly Line[]): void => {
    const visible = fitHeight(lines, screen.rows() - 1);
    screen.write(`${toTop()}${CLEAR_BELOW}${render(visible)}`);
    drawn = visible;
    height = visible.length;
  };

  return {
    draw,
    keep: (lines) => {
      if (lines.length === 0) return;
      screen.write(`${toTop()}${CLEAR_BELOW}${render(lines)}`);
      height = 0;
      draw(drawn);
    },
    close: () => {
      if (isOpen) screen.write(SHOW_CURSOR);
      isOpen = false;
    },
  };
};

const fitHeight = (lines: readonly Line[], rows: number): readonly Line[] => {
  if (lines.length <= rows || rows < 2) return lines;
  const hidden = lines.length - rows + 1;
  return [
    ...lines.slice(0, rows - 1),
    [{ text: `… ${hidden} more lines, make the terminal higher`, style: 'dim' }],
  ];
};
