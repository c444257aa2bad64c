/** One at a time for each key: whoever comes first, with all its keys at once, so that no two wait for each other. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  async take<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const unique = [...new Set(keys)];
    const before = unique.map((key) => this.#last.get(key) ?? Promise.resolve());
    const { promise: done, resolve } = Promise.withResolvers<void>();
    for (const key of unique) this.#last.set(key, done);
    try {
      await Promise.all(before);
      return await work();
    } finally {
      for (const key of unique) if (this.#last.get(key) === done) this.#last.delete(key);
      resolve();
    }
  }
}
