/** Something wrong with what a person wrote. Lines and columns count from 1. */
export type Problem = {
  /** Names the fact, for example `yaml.syntax`, `key.unknown`, `port.conflict`. */
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** One sentence: what is wrong and the current value. */
  readonly message: string;
  /** What was expected there, where that can be said. */
  readonly expected?: string;
  /** One imperative sentence, or text to paste. */
  readonly fix?: string;
};

export const hasErrors = (problems: readonly Problem[]): boolean =>
  problems.some((problem) => problem.severity === 'error');
