/**
 * AdminClient asks the admin API, over TCP or a Unix socket, and says what came. Test code.
 */
import { type IncomingMessage, request } from 'node:http';
import type { Address } from '@sluice/dsl/plan';

export interface AdminAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly json: any;
}

export interface AdminAsk {
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, unless it is text. */
  readonly body?: unknown;
}

export class AdminClient {
  readonly #address: Address;

  constructor(address: Address) {
    this.#address = address;
  }

  ask(method: string, path: string, { headers = {}, body }: AdminAsk = {}): Promise<AdminAnswer> {
    const isJson = body !== undefined;
    const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
    const to = 'path' in this.#address ? { socketPath: this.#address.path } : this.#address;
    return new Promise((resolve, reject) => {
      const ask = request({
        ...to,
        method,
        path,
        agent: false,
        headers: { ...(isJson ? { 'content-type': 'application/json' } : {}), ...headers },
      });
      ask.on('error', reject);
      ask.on('response', async (response) => {
        response.setEncoding('utf8');
        let text = '';
        for await (const piece of response) text += piece;
        const isJsonAnswer = response.headers['content-type']?.startsWith('application/json') === true;
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          text,
          json: isJsonAnswer ? JSON.parse(text) : null,
        });
      });
      ask.end(text);
    });
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<AdminAnswer> {
    return this.ask('GET', path, { headers });
  }
}
