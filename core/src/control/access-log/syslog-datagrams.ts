/**
 * SyslogDatagrams: an access log as messages of syslog over UDP, one a datagram (RFC 5426). Main thread.
 *
 * Nobody can tell whether a datagram arrives. A line that is longer than a datagram may be (about 64 KiB) is lost, and counted.
 */
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import type { Address } from '@sluice/dsl/plan';
import { codeOf } from '../report/errors.ts';
import { LF, WrittenLog, type WrittenLogOptions } from './written-log.ts';

/** Datagrams that are on their way to the system at once. */
const MOST_AT_ONCE = 128;

export class SyslogDatagrams extends WrittenLog {
  readonly #host: string;
  readonly #port: number;
  #socket: Socket | null = null;
  #isStale = false;

  constructor(name: string, { host, port }: Extract<Address, { host: string }>, options: WrittenLogOptions) {
    super(name, options);
    this.#host = host;
    this.#port = port;
    this.open();
  }

  /** reopen looks the server's name up again. */
  reopen(): void {
    this.#isStale = true;
    this.open();
  }

  protected async prepare(): Promise<void> {
    if (this.#isStale) await this.shut();
    this.#isStale = false;
    this.#socket ??= await this.#connect();
  }

  protected async write(bytes: Buffer, from: number): Promise<number> {
    const sent: Promise<Error | null>[] = [];
    let at = from;
    while (at < bytes.length && sent.length < MOST_AT_ONCE) {
      const end = bytes.indexOf(LF, at);
      if (end > at) sent.push(this.#send(bytes.subarray(at, end)));
      at = end + 1;
    }
    const failures = (await Promise.all(sent)).filter((error) => error !== null);
    const failure = failures.find((error) => codeOf(error) !== 'EMSGSIZE');
    // All that follow would fail too, until somebody listens there.
    if (failure !== undefined && failures.length === sent.length) throw failure;
    if (failures.length > 0) this.lose(failures.length);
    return at - from;
  }

  protected async shut(): Promise<void> {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  async #connect(): Promise<Socket> {
    const { address, family } = await lookup(this.#host);
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    socket.unref();
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
      socket.connect(this.#port, address);
    });
    // What a datagram comes to is told to the one behind it.
    socket.on('error', () => {});
    return socket;
  }

  #send(line: Buffer): Promise<Error | null> {
    return new Promise((resolve) => this.#socket!.send(line, (error) => resolve(error ?? null)));
  }
}
