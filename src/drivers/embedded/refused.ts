import { wordsOf } from '../../model/error.ts';

/** Why a run was not started: a code of the catalogue, and one sentence. */
export type Refused = { readonly code: string; readonly words: string };

/** What the system did not let us do. Throws what is no error of the system. */
export const asRefused = (error: unknown): Refused => {
  if (!(error as NodeJS.ErrnoException).code) throw error;
  return { code: 'run.not-started', words: wordsOf(error) };
};
