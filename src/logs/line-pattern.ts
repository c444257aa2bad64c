import { createContext, Script } from 'node:vm';
import { Refusal } from '../model/error.ts';
import type { Block } from './line-cutter.ts';
import { isShownAsWritten, type ShownLine } from './render-lines.ts';
import { requiredTexts } from './required-texts.ts';

export type LinePattern = {
  /** The lines that match. */
  readonly keep: (lines: readonly ShownLine[]) => readonly ShownLine[];
  /** True where no line of a block can match, whatever is masked in it. A block that it is false for may still have none. */
  readonly rulesOut: (block: Block) => boolean;
};

const LONGEST_PATTERN = 1000;
/** For one batch of lines. An ordinary pattern needs a few milliseconds; one that backtracks for ever needs all time. */
const BUDGET_MS = 500;

/**
 * What people search for. Refusals: `logs.bad-pattern`; `logs.slow-pattern` (while reading) where a pattern would hold
 * the agent up: the regular expression is then ended by force, which only a script with a time limit allows
 * (https://nodejs.org/api/vm.html, `timeout`).
 */
export const compilePattern = (pattern: string): LinePattern => {
  const expression = parsePattern(pattern);
  const room = createContext({ keep: (): readonly ShownLine[] => [] });
  const script = new Script('keep()');
  const keep: LinePattern['keep'] = (lines) => {
    if (lines.length === 0) return lines;
    room.keep = () => lines.filter(({ text }) => expression.test(text));
    try {
      return script.runInContext(room, { timeout: BUDGET_MS }) as readonly ShownLine[];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
      throw new Refusal(
        'logs.slow-pattern',
        `Cannot search logs for ${JSON.stringify(pattern)}: it needs over ${BUDGET_MS} ms for a part of a log, less is required`,
        { fix: 'write the pattern without repetitions inside repetitions, as in (a+)+' },
      );
    }
  };
  return { keep, rulesOut: ruleOut(requiredTexts(pattern)) };
};

const ruleOut = (texts: readonly string[] | null): LinePattern['rulesOut'] => {
  if (texts === null) return () => false;
  const wanted = texts.map((text) => Buffer.from(text));
  return (block) => !wanted.some((one) => block.bytes.includes(one)) && isShownAsWritten(block);
};

const parsePattern = (pattern: string): RegExp => {
  if (pattern.length > LONGEST_PATTERN) {
    throw new Refusal(
      'logs.bad-pattern',
      `Cannot search logs for "${pattern.slice(0, 40)}...": it has ${pattern.length} characters, at most ${LONGEST_PATTERN} are allowed`,
    );
  }
  try {
    return new RegExp(pattern, 'u');
  } catch (error) {
    return parseLoosely(pattern, error);
  }
};

// People write \- and \_ as in grep, which the strict grammar refuses.
const parseLoosely = (pattern: string, strictError: unknown): RegExp => {
  try {
    return new RegExp(pattern);
  } catch {
    throw new Refusal(
      'logs.bad-pattern',
      `Cannot search logs for ${JSON.stringify(pattern)}: ${(strictError as Error).message}, a regular expression of JavaScript is required`,
      { fix: 'put a backslash before signs that are meant as they are: ( ) [ ] { } . * + ? ^ $ |' },
    );
  }
};
