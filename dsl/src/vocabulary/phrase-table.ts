/**
 * PhraseTable finds the longest name of one or several words (`set header`, `on cookie`) at the head of a line. Main thread.
 */

export class PhraseTable<T> {
  readonly #byName = new Map<string, T>();
  /** For each first word, the names that begin with it, those of most words first. */
  readonly #byFirstWord = new Map<string, { readonly words: readonly string[]; readonly value: T }[]>();

  get size(): number {
    return this.#byName.size;
  }

  get(name: string): T | undefined {
    return this.#byName.get(name);
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** names are all names, in the order they were added. */
  names(): string[] {
    return [...this.#byName.keys()];
  }

  values(): T[] {
    return [...this.#byName.values()];
  }

  /** set adds a name, or replaces it. */
  set(name: string, value: T): this {
    const words = name.split(' ');
    const first = words[0]!;
    const list = (this.#byFirstWord.get(first) ?? []).filter((entry) => entry.words.join(' ') !== name);
    list.push({ words, value });
    list.sort((a, b) => b.words.length - a.words.length);
    this.#byFirstWord.set(first, list);
    this.#byName.set(name, value);
    return this;
  }

  /** match returns what the words from `at` on name, and how many of them do. `wordAt` gives null for what is no word. */
  match(wordAt: (index: number) => string | null, at: number): { readonly value: T; readonly length: number } | null {
    const first = wordAt(at);
    if (first === null) return null;
    const entries = this.#byFirstWord.get(first);
    if (entries === undefined) return null;
    for (const entry of entries) {
      let length = 1;
      while (length < entry.words.length && wordAt(at + length) === entry.words[length]) length++;
      if (length === entry.words.length) return { value: entry.value, length };
    }
    return null;
  }

  /** startsWith says whether any name begins with this word. */
  startsWith(word: string): boolean {
    return this.#byFirstWord.has(word);
  }
}
