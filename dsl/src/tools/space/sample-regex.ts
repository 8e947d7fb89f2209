/**
 * SampleRegex: a text that a regular expression is likely to take. Main thread. A guess: whoever uses it tries it.
 */

/** sampleRegex follows the first alternative of everything, and repeats as little as it may. */
export function sampleRegex(source: string): string {
  return new Sampler(source).alternatives();
}

class Sampler {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  /** alternatives reads up to a `)` or the end; all but the first are skipped. */
  alternatives(): string {
    const first = this.#sequence();
    while (this.#source[this.#at] === '|') {
      this.#at++;
      this.#sequence();
    }
    return first;
  }

  #sequence(): string {
    let text = '';
    while (this.#at < this.#source.length && !'|)'.includes(this.#source[this.#at]!)) {
      const one = this.#one();
      text += one.repeat(this.#times());
    }
    return text;
  }

  #one(): string {
    const character = this.#source[this.#at++]!;
    switch (character) {
      case '(': {
        if (this.#source[this.#at] === '?') {
          const flags = /^\?(?:[a-zA-Z-]*(?::|\))|P?<[^>]*>)/.exec(this.#source.slice(this.#at));
          this.#at += flags?.[0].length ?? 1;
          if (flags?.[0].endsWith(')') === true) return '';
        }
        const inner = this.alternatives();
        this.#at++;
        return inner;
      }
      case '[':
        return this.#set();
      case '.':
        return 'x';
      case '^':
      case '$':
        return '';
      case '\\':
        return this.#escape();
      default:
        return character;
    }
  }

  #escape(): string {
    const character = this.#source[this.#at++] ?? '';
    if (character === 'd') return '1';
    if (character === 'w') return 'a';
    if (character === 's') return ' ';
    if (/[bBAz]/.test(character)) return '';
    return /[DWS]/.test(character) ? (character === 'W' ? '-' : 'x') : character;
  }

  #set(): string {
    const isNot = this.#source[this.#at] === '^';
    if (isNot) this.#at++;
    const start = this.#at;
    let first = '';
    while (this.#at < this.#source.length && (this.#source[this.#at] !== ']' || this.#at === start)) {
      const character = this.#source[this.#at++]!;
      const one = character === '\\' ? this.#escape() : character;
      if (first === '') first = one;
    }
    const inside = this.#source.slice(start, this.#at++);
    return isNot ? ([...'xa1-_'].find((one) => !inside.includes(one)) ?? 'x') : first;
  }

  /** times is how often the part before is written: once more than never, for `*` and `?` too. */
  #times(): number {
    const repeat = /^(?:[*+?]|\{(\d+)(?:,\d*)?\})\??/.exec(this.#source.slice(this.#at));
    if (repeat === null) return 1;
    this.#at += repeat[0].length;
    return repeat[1] === undefined ? 1 : Math.min(1000, Number(repeat[1]));
  }
}
