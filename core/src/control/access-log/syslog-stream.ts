/**
 * SyslogStream: an access log as messages of syslog over TCP, or a Unix socket that is a stream. Main thread.
 *
 * Each message has its length before it (octet counting, RFC 6587 section 3.4.1). There are no acknowledgements: what the system has taken when a
 * connection breaks may be lost, and nobody can tell. While there is no connection, lines wait as far as the data planes hold them.
 */
import { connect, type Socket } from 'node:net';
import type { Address } from '@sluice/dsl/plan';
import { codeOf, reasonOf } from '../report/errors.ts';
import { WrittenLog, type WrittenLogOptions } from './written-log.ts';

/** How long a server that could not be reached is left alone. */
const AGAIN_MS = 1000;
/** How long a connection may take to be established. */
const CONNECT_MS = 5000;
/** How long a server that does not read is waited for at the end. */
const LAST_MS = 2000;

/** What a socket of datagrams says to who wants a stream. */
const DATAGRAMS_ONLY = 'the socket takes datagrams only, which Node.js cannot send to a Unix socket';

export class SyslogStream extends WrittenLog {
  readonly #address: Address;
  #socket: Socket | null = null;
  #isDown = false;
  #isClosing = false;
  /** Ends a wait; null: nobody waits. */
  #wake: (() => void) | null = null;

  constructor(name: string, address: Address, options: WrittenLogOptions) {
    super(name, options);
    this.#address = address;
    this.open();
  }

  reopen(): void {
    this.#wake?.();
    this.open();
  }

  override close(): Promise<void> {
    this.#isClosing = true;
    this.#wake?.();
    setTimeout(() => this.#socket?.destroy(), LAST_MS).unref();
    return super.close();
  }

  /** A connection that broke is made again at once. */
  protected override get againMs(): number {
    return 0;
  }

  protected override encode(lines: string): Buffer {
    let text = '';
    for (let at = 0; at < lines.length; ) {
      const end = lines.indexOf('\n', at);
      const line = lines.slice(at, end);
      // What a write broke off in began with an empty line.
      if (line !== '') text += `${Buffer.byteLength(line)} ${line}`;
      at = end + 1;
    }
    return Buffer.from(text, 'utf8');
  }

  protected async prepare(): Promise<void> {
    while (this.#socket === null) {
      try {
        this.#socket = await this.#connect();
      } catch (thrown) {
        this.#reportDown(thrown);
        if (this.#isClosing) throw thrown;
        await this.#wait();
        continue;
      }
      if (this.#isDown) this.log.info({ file: this.name }, `the access log ${this.name} is connected again`);
      this.#isDown = false;
    }
  }

  protected write(bytes: Buffer, from: number): Promise<number> {
    const socket = this.#socket;
    if (socket === null) return Promise.reject(new Error('the connection was closed'));
    return new Promise((resolve, reject) => {
      socket.write(bytes.subarray(from), (error) => (error ? reject(error) : resolve(bytes.length - from)));
    });
  }

  protected async shut(): Promise<void> {
    const socket = this.#socket;
    this.#socket = null;
    socket?.end();
  }

  #connect(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.#address);
      const limit = setTimeout(() => socket.destroy(new Error(`not connected within ${CONNECT_MS} ms`)), CONNECT_MS);
      // It keeps no process alive that has nothing else to do.
      socket.unref();
      socket.once('connect', () => {
        clearTimeout(limit);
        resolve(socket);
      });
      socket.on('error', reject);
      socket.on('close', () => {
        clearTimeout(limit);
        if (this.#socket === socket) this.#socket = null;
        reject(new Error('the connection was closed'));
      });
      // A server has nothing to say; what it says all the same is thrown away, so that its end is seen.
      socket.resume();
    });
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), AGAIN_MS).unref();
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = null;
        resolve();
      };
    });
  }

  #reportDown(thrown: unknown): void {
    if (this.#isDown) return;
    this.#isDown = true;
    const reason = codeOf(thrown) === 'EPROTOTYPE' ? DATAGRAMS_ONLY : reasonOf(thrown);
    this.log.error({ file: this.name, reason }, `the access log ${this.name} cannot be connected: ${reason}`);
  }
}
