/**
 * Load: many keep-alive clients that ask without a pause and look at every answer. What fails is told with its reason.
 * Test code; for speed there is the benchmark.
 */
import type { HttpAnswer } from './http-message.ts';
import { eventually } from './waiting.ts';
import { type Address, connectTo, type Wire, WireEnded } from './wire.ts';

export interface LoadOptions {
  /** Connections kept busy. Default 8. */
  readonly connections?: number;
  /** The bytes of the next request. Default: GET / with a Host. */
  readonly request?: () => string;
  /** Says what is wrong with an answer; null: nothing. Default: anything but 200 is wrong. */
  readonly judge?: (answer: HttpAnswer) => string | null;
  /**
   * Ask once more when a kept connection ends in order before any byte of an answer, as RFC 9112 section 9.3.1 lets clients do.
   * Default false: that is a failure.
   */
  readonly asksAgain?: boolean;
}

export class Load {
  /** Requests that got a good answer. */
  answered = 0;
  readonly failures: string[] = [];
  readonly #address: Address;
  readonly #options: Required<LoadOptions>;
  readonly #clients: Promise<void>[];
  #isStopping = false;

  constructor(address: Address, options: LoadOptions = {}) {
    this.#address = address;
    this.#options = {
      connections: 8,
      request: () => 'GET / HTTP/1.1\r\nHost: load\r\n\r\n',
      judge: (answer) => (answer.status === 200 ? null : `status ${answer.status}`),
      asksAgain: false,
      ...options,
    };
    this.#clients = Array.from({ length: this.#options.connections }, () => this.#client());
  }

  /** more waits until so many more requests were answered well (or one failed). */
  async more(count: number): Promise<void> {
    const goal = this.answered + count;
    await eventually(`${goal} answers`, () => this.answered >= goal || this.failures.length > 0, 60_000);
  }

  /** stop lets every client end the request it is in. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#clients);
  }

  async #client(): Promise<void> {
    while (!this.#isStopping) {
      let wire: Wire;
      try {
        wire = await connectTo(this.#address);
      } catch (error) {
        if (!this.#isStopping) this.#fail(`connecting: ${(error as Error).message}`);
        return;
      }
      try {
        await this.#askOver(wire);
      } catch (error) {
        this.#fail((error as Error).message);
      }
      wire.destroy();
    }
  }

  /** askOver asks over one connection until it is to be closed. */
  async #askOver(wire: Wire): Promise<void> {
    for (let count = 0; !this.#isStopping; count++) {
      let answer: HttpAnswer;
      try {
        answer = await wire.send(this.#options.request()).answer();
      } catch (error) {
        const isUntouched = error instanceof WireEnded && error.pending === 0 && count > 0;
        if (isUntouched && this.#options.asksAgain && wire.ending === 'ended') return;
        if (count === 0) throw new Error(`on a new connection: ${(error as Error).message}`);
        throw error;
      }
      const wrong = this.#options.judge(answer);
      if (wrong === null) this.answered++;
      else this.#fail(wrong);
      wire.forget();
      if (answer.fields.some(([name, value]) => name.toLowerCase() === 'connection' && /close/i.test(value))) return;
    }
  }

  #fail(reason: string): void {
    if (this.failures.length < 20) this.failures.push(reason);
  }
}
