/**
 * Session: a client that asks without a pause, belongs to a server, and judges every answer. Test code.
 */
import { type Address, connectTo, fieldOf, type HttpAnswer, longBody, type Wire } from '../kit/index.ts';
import { dice } from './dice.ts';
import { THREAD, type Trouble } from './trouble.ts';

/** Trouble that ended so long before a request began may still be felt in it: a kept connection, a check's last word. */
const GRACE_MS = 500;

export interface SessionOptions {
  readonly name: string;
  readonly address: Address;
  /** It is known by the cookie that it is given; else by a header that it sends, which a stick table remembers. */
  readonly hasCookie: boolean;
  readonly trouble: Trouble;
  readonly seed: number;
  /** Where it writes down what must not be. */
  readonly problems: string[];
}

export class Session {
  /** Ids of what was answered well, with the server that did. */
  readonly answered = new Map<string, string>();
  /** What was lost where nobody could have saved it. */
  excused = 0;
  moves = 0;
  readonly #options: SessionOptions;
  readonly #random: () => number;
  #wire: Wire | null = null;
  #cookie = '';
  /** Who answered last; '': nobody yet. */
  #home = '';
  /** Since then its home has to be without trouble for it to stay. */
  #homeSinceMs = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#random = dice(options.seed);
  }

  async run(isOver: () => boolean): Promise<void> {
    const { name } = this.#options;
    for (let number = 0; !isOver(); number++) await this.#ask(`${name}-${number}`);
    this.#wire?.destroy();
  }

  async #ask(id: string): Promise<void> {
    const { address, name, hasCookie, problems } = this.#options;
    const roll = this.#random();
    const path = roll < 0.6 ? '/whole' : roll < 0.8 ? '/slow' : roll < 0.95 ? '/long' : '/break';
    const method = path === '/whole' && this.#random() < 0.3 ? 'POST' : 'GET';
    const beganMs = performance.now();
    const say = (what: string): void => {
      problems.push(`${(beganMs / 1000).toFixed(1)} ${id} ${method} ${path} (at ${this.#home}): ${what}`);
    };
    try {
      this.#wire ??= await connectTo(address);
      const body = method === 'POST' ? 'Content-Length: 4\r\n\r\nbody' : '\r\n';
      const who = hasCookie ? (this.#cookie === '' ? '' : `Cookie: ${this.#cookie}\r\n`) : `X-User: ${name}\r\n`;
      this.#wire.send(`${method} ${path} HTTP/1.1\r\nHost: chaos\r\nX-Id: ${id}\r\n${who}${body}`);
      const answer = await this.#wire.answer();
      this.#wire.forget();
      if (this.#wire.pending.length > 0) say('bytes behind the answer');
      if (answer.status === 200) this.#judge(answer, id, path, beganMs, say);
      else if (this.#isExcused(answer.status, method, beganMs)) this.excused++;
      else say(`status ${answer.status}`);
      if (fieldOf(answer, 'connection') === 'close') this.#leave();
    } catch (error) {
      // The connection was reset: right for half an answer, when the server was in trouble in the midst of one, and with its thread.
      this.#leave();
      if (path === '/break') return;
      const isExcused =
        this.#hadTrouble(THREAD, beganMs) || (path === '/long' && this.#hadTrouble(this.#home, beganMs));
      if (isExcused) this.excused++;
      else say(error instanceof Error ? error.message : String(error));
    }
  }

  #judge(answer: HttpAnswer, id: string, path: string, beganMs: number, say: (what: string) => void): void {
    const server = fieldOf(answer, 'x-server')!;
    if (answer.body.toString() !== (path === '/long' ? longBody(server) : server)) say(`a wrong body from ${server}`);
    if (path === '/break') say('half an answer was taken for a whole one');
    this.answered.set(id, server);
    if (this.#home !== '' && server !== this.#home) {
      this.moves++;
      if (!this.#options.trouble.since(this.#homeSinceMs, this.#home)) say(`moved to ${server} without cause`);
    }
    this.#home = server;
    this.#homeSinceMs = beganMs;
    const set = fieldOf(answer, 'set-cookie');
    if (set !== undefined) this.#cookie = set.split(';')[0]!;
  }

  /**
   * 504: on a stopped server. 502: sent, and not to be sent again; 503: the same, when its server was taken out. A request that may be sent again is
   * never lost to those two, as other servers are well.
   */
  #isExcused(status: number, method: string, beganMs: number): boolean {
    if (status !== 504 && (method !== 'POST' || (status !== 502 && status !== 503))) return false;
    return this.#hadTrouble(this.#home, beganMs);
  }

  #hadTrouble(who: string, beganMs: number): boolean {
    return this.#options.trouble.since(beganMs - GRACE_MS, who);
  }

  #leave(): void {
    this.#wire?.destroy();
    this.#wire = null;
  }
}
