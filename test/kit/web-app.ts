/**
 * WebApp: a server as browsers and tools want one: a page with what belongs to it, uploads that are answered with their hash, and
 * WebSockets that say back what they hear. Plain, or over TLS with HTTP/2 and HTTP/1.1. Test code.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  createServer as createHttp2Server,
  createSecureServer,
  type Http2SecureServer,
  type Http2Server,
} from 'node:http2';
import type { Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import type { Address } from './wire.ts';

export interface WebAppOptions {
  /** PEM with certificate and key: it speaks TLS, HTTP/2 and HTTP/1.1. */
  readonly pem?: string;
  /** It speaks HTTP/2 without TLS, and nothing else. */
  readonly isHttp2Only?: boolean;
  /** Its page and what belongs to it. Default: a line of text. */
  readonly files?: Readonly<Record<string, readonly [type: string, body: string | Buffer]>>;
}

/** PIXEL is a picture of one point. */
export const PIXEL = Buffer.from('R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64');

type AnyServer = Server | Http2Server | Http2SecureServer;

export class WebApp {
  readonly name: string;
  readonly address: Address;
  /** What was sent to `/result`, as it comes. */
  readonly results: string[] = [];
  /** Method, target and version of every request. */
  readonly requests: string[] = [];
  readonly sockets = new WebSocketServer({ noServer: true });
  readonly #server: AnyServer;
  readonly #open = new Set<Socket>();

  private constructor(name: string, server: AnyServer, address: Address) {
    this.name = name;
    this.#server = server;
    this.address = address;
  }

  static async start(name: string, { pem, isHttp2Only = false, files = {} }: WebAppOptions = {}): Promise<WebApp> {
    let app: WebApp | null = null;
    const handle = (request: unknown, response: unknown): void =>
      void app!.#answer(request as IncomingMessage, response as ServerResponse, files);
    const server =
      pem !== undefined
        ? createSecureServer({ cert: pem, key: pem, allowHTTP1: true }, handle)
        : isHttp2Only
          ? createHttp2Server(handle)
          : createServer(handle);
    server.on('connection', (socket: Socket) => {
      app!.#open.add(socket);
      socket.on('close', () => app!.#open.delete(socket));
    });
    (server as Server).on('upgrade', (request, socket, head) => {
      app!.sockets.handleUpgrade(request, socket, head, (each) => {
        each.on('error', () => {});
        each.on('message', (bytes, isBinary) => each.send(bytes, { binary: isBinary }));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    app = new WebApp(name, server, { host: '127.0.0.1', port: (server.address() as { port: number }).port });
    return app;
  }

  async stop(): Promise<void> {
    for (const each of this.sockets.clients) each.terminate();
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
  }

  async #answer(request: IncomingMessage, response: ServerResponse, files: NonNullable<WebAppOptions['files']>) {
    const path = request.url!.split('?')[0]!;
    this.requests.push(`${request.method} ${request.url} ${request.httpVersion}`);
    const pieces: Buffer[] = [];
    try {
      for await (const piece of request) pieces.push(piece as Buffer);
    } catch {
      return;
    }
    const body = Buffer.concat(pieces);
    const file = files[path];
    if (path === '/result') this.results.push(body.toString());
    if (file !== undefined) response.setHeader('content-type', file[0]);
    else response.setHeader('x-name', this.name);
    if (file !== undefined) response.end(file[1]);
    else if (request.method === 'POST') response.end(createHash('sha256').update(body).digest('hex'));
    else response.end(this.name);
  }
}
