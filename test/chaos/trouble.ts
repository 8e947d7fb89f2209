/**
 * Trouble is what was done to servers and threads; a request is held against what happened between its beginning and its end. Test code.
 */

/** The name under which a data thread's death is kept: nobody outside can tell which thread a connection is on. */
export const THREAD = 'a data thread';

export class Trouble {
  readonly #began = new Map<string, number>();
  readonly #ended = new Map<string, number>();
  /** All of it in order, for people. */
  readonly done: string[] = [];

  /** begin: from now on it may fail its clients. */
  begin(who: string, what: string): void {
    this.#began.set(who, performance.now());
    this.#ended.set(who, Number.POSITIVE_INFINITY);
    this.note(`${what} ${who}`);
  }

  end(who: string): void {
    this.#ended.set(who, performance.now());
  }

  /** note says what was done that must trouble nobody. */
  note(what: string): void {
    this.done.push(`${(performance.now() / 1000).toFixed(1)} ${what}`);
  }

  /** since: was it (any server, if it is '') in trouble at some time from then on? */
  since(ms: number, who: string): boolean {
    if (who !== '') return this.#began.has(who) && this.#ended.get(who)! >= ms;
    return [...this.#ended].some(([server, endMs]) => server !== THREAD && endMs >= ms);
  }
}
