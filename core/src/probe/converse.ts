/**
 * Converse: one connection of one probe: opened, spoken over, and let go of in every case. Main thread.
 *
 * Whatever the server does, a probe ends: with the conversation's result, when the server hangs up, when it has said too much,
 * or when the signal aborts.
 */
import type { Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import type { ProbeResult, ProbeTarget } from '../plugin/health-check.ts';
import { type ProxyEnd, proxyHeaderV1, proxyHeaderV2 } from '../shared/proxy/proxy-header.ts';
import { shown } from '../shared/reasons/shown.ts';
import { isHangUp, tlsReason } from '../shared/reasons/tls-reason.ts';
import { resultOfError } from './connect-reason.ts';
import { type Conversation, failed, passed } from './conversation.ts';
import { openProbeSocket, type ProbeSocket, type ProbeSocketUser } from './probe-socket.ts';
import { isItself, mayMeetItself } from './self-connection.ts';

const MOST_BYTES = 64 * 1024;
const CONNECTED = passed('connected');
const NOTHING = Buffer.alloc(0);

/** TlsOptions are how a probe speaks TLS: node's own, of which the server's certificate is the part that matters. */
export type TlsOptions = Pick<ConnectionOptions, 'ca' | 'servername' | 'rejectUnauthorized' | 'checkServerIdentity'>;

/**
 * converse connects to the target, over TLS where `tls` is given or its backend speaks TLS, and resolves to what the conversation comes to. Without a
 * conversation the connection alone passes, and is reset at once. Never rejects.
 */
export function converse(
  target: ProbeTarget,
  signal: AbortSignal,
  conversation: Conversation | null,
  tls: TlsOptions | null = null,
): Promise<ProbeResult> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(failed('stopped before it began'));
    else new Connection(target, signal, conversation, tls, resolve).open();
  });
}

class Connection implements ProbeSocketUser {
  readonly #target: ProbeTarget;
  readonly #signal: AbortSignal;
  readonly #conversation: Conversation | null;
  readonly #tls: TlsOptions | null;
  readonly #resolve: (result: ProbeResult) => void;
  readonly #onAbort = (): void => this.#settle(failed(this.#late));
  #probeSocket: ProbeSocket | null = null;
  #secured: TLSSocket | null = null;
  /** What it was waiting for when the time was over. */
  #late = 'no connection in time';
  #isConnected = false;
  /** A PROXY header was sent. */
  #isAnnounced = false;
  #isSettled = false;
  #said: Buffer = NOTHING;
  #saidBytes = 0;
  #room: Buffer = NOTHING;

  constructor(
    target: ProbeTarget,
    signal: AbortSignal,
    conversation: Conversation | null,
    tls: TlsOptions | null,
    resolve: (result: ProbeResult) => void,
  ) {
    this.#target = target;
    this.#signal = signal;
    this.#conversation = conversation;
    this.#tls = tls;
    this.#resolve = resolve;
  }

  get #isSecured(): boolean {
    return this.#tls !== null || this.#target.secure !== undefined;
  }

  open(): void {
    this.#signal.addEventListener('abort', this.#onAbort, { once: true });
    const isHeard = this.#conversation !== null && !this.#isSecured;
    try {
      this.#probeSocket = openProbeSocket(this.#target, this, isHeard);
    } catch (error) {
      this.#settle(resultOfError(error as NodeJS.ErrnoException));
    }
  }

  connected(socket: Socket): void {
    this.#isConnected = true;
    const { address } = this.#target;
    if ('port' in address && mayMeetItself(address.port) && isItself(socket)) {
      this.#settle(failed('connection refused'));
      return;
    }
    if (this.#target.sendProxy !== undefined) {
      this.#isAnnounced = true;
      socket.write(proxyHeader(socket, this.#target.sendProxy));
    }
    if (this.#isSecured) {
      this.#late = 'no TLS in time';
      let secured: TLSSocket;
      try {
        secured = this.#tls === null ? this.#target.secure!(socket) : connectTls({ ...this.#tls, socket });
      } catch (error) {
        this.#settle(failed(`no TLS: ${shown((error as Error).message)}`));
        return;
      }
      this.#secured = secured;
      secured.on('error', (error: NodeJS.ErrnoException) => this.broke(error));
      secured.once('secureConnect', () => this.#converse(secured));
      if (this.#conversation !== null) this.#listen(secured);
      return;
    }
    this.#converse(socket);
  }

  #converse(stream: Socket): void {
    const conversation = this.#conversation;
    if (conversation === null) {
      this.#settle(CONNECTED, this.#isAnnounced);
      return;
    }
    this.#late = 'no answer in time';
    if (conversation.opening !== null) stream.write(conversation.opening);
  }

  #listen(stream: TLSSocket): void {
    stream.on('data', (chunk: Buffer) => this.onBytes(chunk));
    stream.once('end', () => this.onEnd());
    stream.once('close', () => this.closed());
  }

  onBytes(chunk: Buffer): void {
    if (this.#isSettled) return;
    this.#saidBytes += chunk.length;
    this.#keep(chunk);
    this.#receive(false);
  }

  onEnd(): void {
    if (!this.#isSettled) this.#receive(true);
  }

  closed(): void {
    if (!this.#isSettled) this.#settle(this.#endedEarly());
  }

  #receive(hasEnded: boolean): void {
    const { mostBytes = MOST_BYTES } = this.#conversation!;
    for (;;) {
      let heard: ReturnType<Conversation['receive']>;
      try {
        heard = this.#conversation!.receive(this.#said, hasEnded);
      } catch (error) {
        this.#settle(failed(`the answer could not be read: ${shown((error as Error).message)}`));
        return;
      }
      if (heard === null) break;
      if (heard.say !== undefined) (this.#secured ?? this.#probeSocket!.socket).write(heard.say);
      if ('result' in heard) {
        this.#settle(heard.result, heard.say !== undefined);
        return;
      }
      this.#said = this.#said.subarray(heard.taken);
      if (heard.taken === 0) break;
    }
    if (hasEnded) this.#settle(this.#endedEarly());
    else if (this.#saidBytes > mostBytes) this.#settle(failed(`the answer is longer than ${mostBytes} bytes`));
  }

  /** keep puts what came behind what waits. The room grows by doubling, so that a trickle costs no more than a stream. */
  #keep(chunk: Buffer): void {
    const waits = this.#said.length;
    if (waits === 0) {
      this.#said = chunk;
      return;
    }
    const end = this.#said.byteOffset - this.#room.byteOffset + waits;
    const isInRoom = this.#said.buffer === this.#room.buffer && this.#room.length > 0;
    if (isInRoom && end + chunk.length <= this.#room.length) {
      chunk.copy(this.#room, end);
      this.#said = this.#room.subarray(end - waits, end + chunk.length);
      return;
    }
    const room = Buffer.allocUnsafeSlow(2 * (waits + chunk.length));
    this.#said.copy(room);
    chunk.copy(room, waits);
    this.#room = room;
    this.#said = room.subarray(0, waits + chunk.length);
  }

  broke(error: NodeJS.ErrnoException): void {
    if (this.#isSettled) return;
    if (!this.#isConnected) this.#settle(resultOfError(error));
    else if (this.#secured !== null && !this.#secured.authorized && !isHangUp(error))
      this.#settle(failed(tlsReason(error)));
    else this.#settle(this.#endedEarly());
  }

  #endedEarly(): ProbeResult {
    if (this.#secured !== null && this.#late === 'no TLS in time') return failed('connection closed before TLS stood');
    if (this.#saidBytes === 0) return failed('connection closed without an answer');
    return failed('connection closed in the middle of an answer');
  }

  /** settle ends the probe. `isSaying`: last words are on their way and leave first. */
  #settle(result: ProbeResult, isSaying = false): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#hangUp(isSaying);
    this.#resolve(result);
  }

  #hangUp(isSaying: boolean): void {
    const probeSocket = this.#probeSocket;
    const secured = this.#secured;
    if (probeSocket === null) return;
    if (secured === null) {
      // A reset where nothing was said, so that no side keeps a closed connection waiting. A Unix socket knows none.
      const isReset = this.#conversation === null && !this.#isAnnounced && 'port' in this.#target.address;
      probeSocket.hangUp(isSaying ? 'said' : isReset ? 'reset' : 'closed');
      return;
    }
    probeSocket.leave();
    if (isSaying) secured.destroySoon();
    else secured.destroy();
  }
}

function proxyHeader(socket: Socket, version: 'v1' | 'v2'): Buffer {
  if (version === 'v2') return proxyHeaderV2(null, null);
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  const end = (host: string | undefined, port: number | undefined): ProxyEnd | null =>
    host === undefined || port === undefined ? null : { host, port };
  return proxyHeaderV1(end(localAddress, localPort), end(remoteAddress, remotePort));
}
