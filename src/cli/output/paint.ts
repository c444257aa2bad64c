import { styleText } from 'node:util';

export type Style =
  | 'bold'
  | 'dim'
  | 'red'
  | 'green'
  | 'yellow'
  | 'cyan'
  | 'boldRed'
  | 'boldGreen'
  | 'boldYellow';

/** Text in a style, or as it is where there is no colour. */
export type Paint = (style: Style, text: string) => string;

export type PaintFacts = {
  readonly isTerminal: boolean;
  /** False with `--no-color`. */
  readonly wantsColor: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** Colour on a terminal only, and never where NO_COLOR is set (https://no-color.org) or the terminal is dumb. */
export const choosePaint = ({ isTerminal, wantsColor, env }: PaintFacts): Paint =>
  isTerminal && wantsColor && !env.NO_COLOR && env.TERM !== 'dumb' ? colored : uncolored;

export const uncolored: Paint = (_style, text) => text;

const FORMATS = {
  bold: 'bold',
  dim: 'dim',
  red: 'red',
  green: 'green',
  yellow: 'yellow',
  cyan: 'cyan',
  boldRed: ['bold', 'red'],
  boldGreen: ['bold', 'green'],
  boldYellow: ['bold', 'yellow'],
} as const satisfies Record<Style, string | readonly string[]>;

export const colored: Paint = (style, text) =>
  text === '' ? text : styleText(FORMATS[style], text, { validateStream: false });
