/** Lets one piece of work per key run at a time, in the order of asking. */
export class Turns<K> {
  readonly #last = new Map<K, Promise<unknown>>();

  async take<T>(key: K, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const turn = before.then(work);
    const settled = turn
      .catch(() => null)
      .finally(() => {
        if (this.#last.get(key) === settled) this.#last.delete(key);
      });
    this.#last.set(key, settled);
    return await turn;
  }

  /** What the next one would wait for; undefined where nobody is in. */
  last(key: K): Promise<unknown> | undefined {
    return this.#last.get(key);
  }

  async allSettled(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values());
  }
}
