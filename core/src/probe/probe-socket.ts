/**
 * ProbeSocket: a plain socket that probes use one after the other, each for one connection. Main thread.
 *
 * Making a socket costs as much as a whole probe, and one that has ended stays in memory until the next full collection, so those that ended well are
 * opened again, which `net.Socket` allows once it has closed. One that had an error, or holds anything of the connection before, is left to the collector.
 */
import { Socket } from 'node:net';
import { socketName } from '@sluice/dsl/plan';
import type { ProbeTarget } from '../plugin/health-check.ts';

/** ProbeSocketUser is a probe, from `open` to `hangUp`. */
export interface ProbeSocketUser {
  connected(socket: Socket): void;
  broke(error: NodeJS.ErrnoException): void;
  /** These three are only called if the socket is read. */
  onBytes(chunk: Buffer): void;
  onEnd(): void;
  closed(): void;
}

/** ProbeSocketTarget is where to; `lookup` finds the addresses of a name. */
export type ProbeSocketTarget = Pick<ProbeTarget, 'address' | 'lookup'>;

/** How long one of several addresses has before the next one is tried. */
const ADDRESS_MS = 1000;

/** Most lines of each kind that are kept for later. */
const MOST_KEPT = 256;

const silent: ProbeSocket[] = [];
const heard: ProbeSocket[] = [];

/**
 * openProbeSocket connects. `isHeard`: what the server says is passed on; else nothing is read, and the socket may be handed to TLS. Throws
 * what `connect` throws.
 */
export function openProbeSocket(target: ProbeSocketTarget, user: ProbeSocketUser, isHeard: boolean): ProbeSocket {
  const probeSocket = (isHeard ? heard : silent).pop() ?? new ProbeSocket(isHeard);
  probeSocket.open(target, user);
  return probeSocket;
}

export class ProbeSocket {
  readonly socket = new Socket();
  readonly #isHeard: boolean;
  #user: ProbeSocketUser | null = null;
  #isKept = false;

  constructor(isHeard: boolean) {
    const { socket } = this;
    this.#isHeard = isHeard;
    // All stay: a reset on the way must not become an uncaught error.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#isKept = false;
      this.#user?.broke(error);
    });
    socket.on('connect', () => this.#user?.connected(socket));
    socket.on('close', () => this.#closed());
    if (!isHeard) return;
    socket.on('data', (chunk: Buffer) => this.#user?.onBytes(chunk));
    socket.on('end', () => this.#user?.onEnd());
  }

  open({ address, lookup }: ProbeSocketTarget, user: ProbeSocketUser): void {
    this.#user = user;
    this.#isKept = false;
    if ('path' in address) this.socket.connect(socketName(address.path));
    else if (lookup === undefined) this.socket.connect(address.port, address.host);
    else {
      const byName = { lookup, autoSelectFamily: true, autoSelectFamilyAttemptTimeout: ADDRESS_MS };
      this.socket.connect({ host: address.host, port: address.port, ...byName });
    }
  }

  /**
   * hangUp ends the connection; its user hears nothing more. `reset`: at once, so that neither side has a closed connection to keep;
   * not for Unix sockets. `said`: what was written leaves first. `closed`: by the usual end.
   */
  hangUp(how: 'reset' | 'said' | 'closed'): void {
    this.#user = null;
    this.#isKept = !this.socket.connecting && how !== 'said';
    if (how === 'reset') this.socket.resetAndDestroy();
    else if (how === 'said') this.socket.destroySoon();
    else this.socket.destroy();
  }

  /** leave gives the socket away, to whoever ends it: it is not used again. */
  leave(): void {
    this.#user = null;
    this.#isKept = false;
  }

  #closed(): void {
    const user = this.#user;
    this.#user = null;
    if (user !== null && this.#isHeard) user.closed();
    const { socket } = this;
    const isWell = this.#isKept && socket.readableLength === 0 && socket.writableLength === 0;
    this.#isKept = false;
    const lines = this.#isHeard ? heard : silent;
    if (isWell && lines.length < MOST_KEPT) lines.push(this);
  }
}
