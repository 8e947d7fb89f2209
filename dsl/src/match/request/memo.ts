/**
 * Memo: what a plugin keeps during one request. Both planes.
 */
export class Memo {
  readonly #values = new Map<unknown, unknown>();

  /** get returns what `make` made for the key the first time. What it throws is not kept. */
  get<Value>(key: unknown, make: () => Value): Value {
    if (this.#values.has(key)) return this.#values.get(key) as Value;
    const value = make();
    this.#values.set(key, value);
    return value;
  }
}
