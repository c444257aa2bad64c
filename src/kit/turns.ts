/** Lets one piece of work per key run at a time, in the order of asking. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs `work` once all that was asked for before with one of these keys has ended. All keys are taken at once: no deadlock. */
  async take<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const unique = [...new Set(keys)];
    const before = unique.map((key) => this.#last.get(key)).filter((last) => last !== undefined);
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    for (const key of unique) this.#last.set(key, ended);
    try {
      if (before.length > 0) await Promise.all(before);
      return await work();
    } finally {
      for (const key of unique) if (this.#last.get(key) === ended) this.#last.delete(key);
      resolve();
    }
  }

  /** What the next one would wait for; undefined where nobody is in. */
  last(key: string): Promise<void> | undefined {
    return this.#last.get(key);
  }

  async allEnded(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values());
  }
}
