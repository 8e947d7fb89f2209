/**
 * FakeServer: an HTTP server of a backend, on a port of its own, that keeps the requests that it gets.
 */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** ReceivedRequest is a request as it reached the server. */
export interface ReceivedRequest {
  readonly method: string;
  /** The target: path and query as they were sent. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export class FakeServer {
  /** Its name, which the answer has as its body unless the test has it answer otherwise. */
  readonly name: string;
  /** What it has received, oldest first; each once its body has come. */
  readonly requests: ReceivedRequest[] = [];
  readonly #server: Server;
  #port = 0;

  private constructor(name: string, answer: RequestListener) {
    this.name = name;
    this.#server = createServer(async (request, response) => {
      const pieces: Buffer[] = [];
      try {
        for await (const piece of request) pieces.push(piece);
      } catch {
        // The client broke off.
        return;
      }
      const { method = '', url = '', headers } = request;
      this.requests.push({ method, url, headers, body: Buffer.concat(pieces).toString() });
      answer(request, response);
    });
  }

  /**
   * start listens on a free port of 127.0.0.1. `answer` is given each request once it has come as a whole; default: 200 with the
   * server's name.
   */
  static async start(name = 'one', answer?: RequestListener): Promise<FakeServer> {
    const server = new FakeServer(name, answer ?? ((_request, response) => response.end(name)));
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    server.#port = (server.#server.address() as AddressInfo).port;
    return server;
  }

  /** It stays the same once the server has stopped. */
  get port(): number {
    return this.#port;
  }

  /** As rule files write it: `127.0.0.1:34567`. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** The last request. Throws when there was none. */
  get last(): ReceivedRequest {
    const last = this.requests.at(-1);
    if (last === undefined) throw new Error(`server ${this.name} has received no request`);
    return last;
  }

  /** stop ends its connections and resolves when the port is free. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
