import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Flags, NO_FLAGS } from '../../model/edge.ts';
import { currentGeneration, flagsOfFileNames } from './flag-files.ts';

/** What one generation says. Two reads that give the same object saw the same generation. */
export type Generation = { readonly name: string | null; readonly flags: Flags };

const NO_GENERATION: Generation = { name: null, flags: NO_FLAGS };

/** Reads one stack's flags as often as there are requests: one readlink(2) each, 1.3 µs, and a look into each generation once. */
export class FlagReader {
  readonly #folder: string;
  readonly #link: string;
  #last: Generation = NO_GENERATION;

  constructor(folder: string) {
    this.#folder = folder;
    this.#link = join(folder, 'current');
  }

  /** Never throws: where the disk gives no answer, the last known generation stays in force. */
  read(): Generation {
    // A missing link would cost an Error for each request.
    if (this.#last.name === null && !existsSync(this.#link)) return NO_GENERATION;
    try {
      const name = currentGeneration(this.#folder);
      if (name !== this.#last.name) this.#last = this.#open(name);
    } catch {
      // Out of descriptors, or overtaken by several switches: the next request looks again.
      return this.#last;
    }
    return this.#last;
  }

  #open(name: string | null): Generation {
    if (name === null) return NO_GENERATION;
    return { name, flags: flagsOfFileNames(readdirSync(join(this.#folder, name))) };
  }
}
