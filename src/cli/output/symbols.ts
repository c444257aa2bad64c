/** The few signs that output uses, for terminals that show Unicode and for those that do not. */
export type Symbols = {
  readonly done: string;
  readonly failed: string;
  readonly undone: string;
  readonly full: string;
  readonly half: string;
  readonly empty: string;
  readonly unknown: string;
  readonly dot: string;
  readonly arrow: string;
  readonly bar: string;
  readonly spinner: readonly string[];
};

const UNICODE: Symbols = {
  done: '✓',
  failed: '✗',
  undone: '↩',
  full: '●',
  half: '◐',
  empty: '○',
  unknown: '?',
  dot: '·',
  arrow: '→',
  bar: '│',
  spinner: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
};

const ASCII: Symbols = {
  done: '+',
  failed: 'x',
  undone: '<',
  full: '*',
  half: '~',
  empty: 'o',
  unknown: '?',
  dot: '-',
  arrow: '->',
  bar: '|',
  spinner: ['|', '/', '-', '\\'],
};

/** Unicode unless the locale says another encoding; what is not a terminal is read by UTF-8 tools. */
export const chooseSymbols = (
  isTerminal: boolean,
  env: Readonly<Record<string, string | undefined>>,
): Symbols => {
  if (!isTerminal) return UNICODE;
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || '';
  return /utf-?8/i.test(locale) || (process.platform === 'darwin' && locale === '') ? UNICODE : ASCII;
};
