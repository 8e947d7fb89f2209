/**
 * RawServer is a scripted backend: it answers exactly the bytes that its script says, and keeps what every connection
 * received, so that a test can assert what crossed the gateway and not only what came back. Test code.
 */
import { createServer, type Server } from 'node:net';
import { type HttpRequest, quote, readRequests } from './http-message.ts';
import { type Address, Wire, WireEnded } from './wire.ts';

/** Script plays one connection. `index` counts connections from 0 since the last `play`. */
export type Script = (wire: Wire, index: number) => Promise<void> | void;

/** ok is an answer with a body of known length. */
export function ok(body = 'ok', ...fields: string[]): string {
  const extra = fields.map((field) => `${field}\r\n`).join('');
  return `HTTP/1.1 200 OK\r\n${extra}Content-Length: ${Buffer.byteLength(body, 'latin1')}\r\n\r\n${body}`;
}

/** answering answers every well-formed request, on and on. By default with its target as the body. */
export function answering(make: (request: HttpRequest) => string = (request) => ok(request.target)): Script {
  return async (wire) => {
    for (;;) wire.send(make(await wire.request()));
  };
}

export class RawServer {
  readonly address: Address;
  /** The connections since the last `play`, oldest first. */
  wires: Wire[] = [];
  readonly #server: Server;
  #script: Script;
  #all = new Set<Wire>();
  #faults: Error[] = [];

  private constructor(server: Server, script: Script) {
    this.#server = server;
    this.#script = script;
    const { address: host, port } = server.address() as { address: string; port: number };
    this.address = { host, port };
    server.on('connection', (socket) => {
      const wire = new Wire(socket);
      const index = this.wires.push(wire) - 1;
      this.#all.add(wire);
      socket.on('close', () => this.#all.delete(wire));
      Promise.resolve(this.#script(wire, index)).catch((error: Error) => {
        if (error instanceof WireEnded && error.pending === 0) wire.end();
        else this.#faults.push(error);
      });
    });
  }

  static start(script: Script = answering(), port = 0, host = '127.0.0.1'): Promise<RawServer> {
    return new Promise((resolve, reject) => {
      const server = createServer({ allowHalfOpen: true });
      server.once('error', reject);
      server.listen(port, host, () => resolve(new RawServer(server, script)));
    });
  }

  /** play changes the script, closes every connection, and forgets what was received. */
  play(script: Script = answering()): void {
    this.#script = script;
    for (const wire of this.#all) wire.destroy();
    this.wires = [];
    this.#faults = [];
  }

  /** requests are all whole requests since the last `play`, by connection. Throws when any byte of them is malformed. */
  requests(): HttpRequest[] {
    return this.wires.flatMap((wire) => {
      const stream = readRequests(wire.received);
      if (stream.fault) throw new Error(`${stream.fault.message} in ${quote(wire.received.toString('latin1'))}`);
      return [...stream.requests];
    });
  }

  /** received is everything since the last `play`, all connections in a row, as latin1. */
  get received(): string {
    return this.wires.map((wire) => wire.received.toString('latin1')).join('');
  }

  /** faults are errors thrown by scripts, among them the Malformed of a request that should never have come. */
  get faults(): readonly Error[] {
    return this.#faults;
  }

  stop(): Promise<void> {
    for (const wire of this.#all) wire.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
