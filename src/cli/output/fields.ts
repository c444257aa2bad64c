import { type Line, span, wrap } from './text.ts';
import type { Voice } from './output.ts';

/** One label with its lines; each is broken to the width, under the label's column. */
export type Field = {
  readonly label: string;
  readonly lines: readonly string[];
  /** As it is: program output is cut by the terminal, never broken here. */
  readonly verbatim?: boolean;
};

/** Labels in one column, what they say in the next. Fields without lines are left out. */
export const renderFields = (fields: readonly Field[], voice: Voice, indent = 2): Line[] => {
  const shown = fields.filter(({ lines }) => lines.length > 0);
  const column = Math.max(0, ...shown.map(({ label }) => label.length)) + 2;
  const width = Math.max(20, voice.width - indent - column - 1);
  return shown.flatMap(({ label, lines, verbatim }) =>
    lines
      .flatMap((text) => (verbatim ? [text] : wrap(text, width)))
      .map((text, at) => [
        { text: ' '.repeat(indent) },
        span((at === 0 ? label : '').padEnd(column), 'dim'),
        span(text),
      ]),
  );
};
