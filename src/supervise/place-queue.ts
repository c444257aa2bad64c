/** One call at a time per place: calls that share a place run one after the other, in the order they came. */
export class PlaceQueue {
  readonly #tails = new Map<string, Promise<void>>();

  /** Runs `work` once every earlier call for any of these keys has ended. All keys are taken at once: no deadlock. */
  async run<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const before = [...new Set(keys.map((key) => this.#tails.get(key)))].filter((tail) => tail !== undefined);
    const ended = Promise.withResolvers<void>();
    for (const key of keys) this.#tails.set(key, ended.promise);
    try {
      if (before.length > 0) await Promise.all(before);
      return await work();
    } finally {
      for (const key of keys) {
        if (this.#tails.get(key) === ended.promise) this.#tails.delete(key);
      }
      ended.resolve();
    }
  }
}
