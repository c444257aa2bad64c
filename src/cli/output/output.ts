// Where what a command has to say goes. Data alone on stdout under `--json`; human text then moves to stderr.
import type { Screen, World } from '../world.ts';
import { choosePaint, type Paint } from './paint.ts';
import { jsonText, type Line, paintLines, span } from './text.ts';
import { chooseSymbols, type Symbols } from './symbols.ts';

export type OutputOptions = { readonly json: boolean; readonly quiet: boolean; readonly color: boolean };

/** A screen and how to write on it. */
export type Voice = {
  readonly screen: Screen;
  readonly paint: Paint;
  readonly symbols: Symbols;
  /** Columns that a line may have; Infinity where the screen is no terminal. */
  readonly width: number;
};

export type Output = {
  readonly isJson: boolean;
  readonly isQuiet: boolean;
  /** What was asked for: the value under `--json`, else the lines. */
  readonly answer: (value: unknown, lines: (voice: Voice) => readonly Line[]) => void;
  /** What was done: the value under `--json`, else one sentence, and nothing with `--quiet`. */
  readonly done: (value: unknown, sentence: string) => void;
  /** Human text about what happened; nothing with `--quiet`. */
  readonly say: (lines: (voice: Voice) => readonly Line[]) => void;
  /** Human text that is not the answer, for stderr: hints, warnings. Also with `--quiet`. */
  readonly hint: (lines: (voice: Voice) => readonly Line[]) => void;
  /** For text that is the answer as it is: metrics, a completion script. */
  readonly raw: (value: unknown, text: string) => void;
  /** For progress and everything that is drawn: stdout, or stderr under `--json`. */
  readonly voice: Voice;
  readonly errors: Voice;
};

export const openOutput = (world: World, options: OutputOptions): Output => {
  const voiceOf = (screen: Screen): Voice => ({
    screen,
    paint: choosePaint({ isTerminal: screen.isTerminal, wantsColor: options.color, env: world.env }),
    symbols: chooseSymbols(screen.isTerminal, world.env),
    width: screen.isTerminal ? screen.columns() : Infinity,
  });
  const stdout = voiceOf(world.stdout);
  const errors = voiceOf(world.stderr);
  const voice = options.json ? errors : stdout;
  const writeTo = (to: Voice, lines: (voice: Voice) => readonly Line[]): void =>
    to.screen.write(paintLines(lines(to), to.paint));
  const json = (value: unknown): void => world.stdout.write(`${jsonText(value)}\n`);

  return {
    isJson: options.json,
    isQuiet: options.quiet,
    voice,
    errors,
    answer: (value, lines) => (options.json ? json(value) : writeTo(stdout, lines)),
    done: (value, sentence) => {
      if (options.json) json(value);
      else if (!options.quiet)
        writeTo(stdout, ({ symbols }) => [[span(symbols.done, 'green'), span(` ${sentence}`)]]);
    },
    say: (lines) => {
      if (!options.quiet) writeTo(voice, lines);
    },
    hint: (lines) => writeTo(errors, lines),
    raw: (value, text) => (options.json ? json(value) : world.stdout.write(text)),
  };
};
