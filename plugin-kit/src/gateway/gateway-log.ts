/**
 * GatewayLog: the log of a gateway under test, kept so that a test can read it and wait for it.
 */
import { type Logger, pino } from 'pino';

/** GatewayLogLine is a line of the log: its message, and whatever fields it has. */
export interface GatewayLogLine {
  /** As pino numbers them: 20 debug, 30 info, 40 warn, 50 error. */
  readonly level: number;
  readonly msg: string;
  /** The plugin that it is about, if it is about one. */
  readonly plugin?: string;
  readonly [field: string]: unknown;
}

export class GatewayLog {
  readonly lines: GatewayLogLine[] = [];
  readonly logger: Logger;
  readonly #waiting = new Set<() => void>();

  constructor() {
    const write = (text: string): void => {
      this.lines.push(JSON.parse(text) as GatewayLogLine);
      for (const look of this.#waiting) look();
    };
    this.logger = pino({ level: 'debug' }, { write });
  }

  /** find resolves to the first line, past or to come, whose message matches. Rejects after `limitMs`, with all that was logged. */
  find(pattern: RegExp, limitMs = 10_000): Promise<GatewayLogLine> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = this.lines.find(({ msg }) => pattern.test(msg));
        if (found === undefined) return;
        stop();
        resolve(found);
      };
      const timer = setTimeout(() => {
        stop();
        const logged = this.lines.map(({ msg }) => `  ${msg}`).join('\n');
        reject(new Error(`nothing like ${pattern} was logged within ${limitMs} ms, but:\n${logged}`));
      }, limitMs);
      const stop = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
      };
      this.#waiting.add(look);
      look();
    });
  }
}
