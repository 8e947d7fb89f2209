/**
 * KeptSockets: a gateway's listening sockets, as the supervisor keeps them while the gateway is replaced. The supervisor's process.
 *
 * They are the handles that Node makes of what comes over the channel. None is ever listened or read on here, so connections that come
 * while there is no gateway wait in the system's queue for the next one. During an upgrade two gateways have the same handles, and each is
 * closed when nobody has it any more.
 */
import type { SocketName } from './messages.ts';

/** The part of Node's handles that matters here. */
export interface Handle {
  close(): void;
}

export interface KeptSocket extends SocketName {
  /** The bound port; 0 for a Unix socket, which only one thread has. */
  readonly port: number;
  /** Clients find it by a file. */
  readonly isFile: boolean;
  /** A service manager has made it, and it stays open for as long as this process lives. */
  readonly isLent: boolean;
  readonly handle: Handle;
}

export class KeptSockets {
  readonly #kept = new Map<string, KeptSocket>();

  keep(socket: KeptSocket): void {
    const name = nameOf(socket);
    // The same thread has bound the address again.
    close(this.#kept.get(name));
    this.#kept.set(name, socket);
  }

  drop(socket: SocketName): void {
    const name = nameOf(socket);
    close(this.#kept.get(name));
    this.#kept.delete(name);
  }

  /** lent are the lent ones, one of each address. */
  lent(): readonly KeptSocket[] {
    return [
      ...new Map([...this.#kept.values()].filter(({ isLent }) => isLent).map((each) => [each.key, each])).values(),
    ];
  }

  has(key: string): boolean {
    return [...this.#kept.values()].some((socket) => socket.key === key);
  }

  /** dropWhere drops all that are meant. */
  dropWhere(isMeant: (socket: KeptSocket) => boolean): void {
    for (const socket of [...this.#kept.values()]) if (isMeant(socket)) this.drop(socket);
  }

  /**
   * claim returns the sockets of these keys, where there is one for each of so many threads and no more. All others are closed: nobody would
   * accept from them.
   */
  claim(keys: readonly string[], threads: number): KeptSocket[] {
    const claimed = new Set(this.#complete(keys, threads));
    this.dropWhere((socket) => !claimed.has(socket));
    return [...claimed];
  }

  /**
   * share has `other` keep those as well that `claim` would return, and returns them; nothing is closed. Socket files are left out: who takes
   * over binds another and puts that in the place of the old one, as one that was shared would be removed by whoever closes it first.
   */
  share(other: KeptSockets, keys: readonly string[], threads: number): KeptSocket[] {
    const shared = this.#complete(keys, threads).filter(({ isFile }) => !isFile);
    for (const socket of shared) other.#kept.set(nameOf(socket), socket);
    return shared;
  }

  /** leave leaves to `other` what both have, and closes nothing. */
  leave(other: KeptSockets): void {
    const theirs = new Set([...other.#kept.values()].map(({ handle }) => handle));
    for (const [name, { handle }] of [...this.#kept]) if (theirs.has(handle)) this.#kept.delete(name);
  }

  #complete(keys: readonly string[], threads: number): KeptSocket[] {
    const all = [...this.#kept.values()];
    const counts = new Map<string, number>();
    for (const { key } of all) counts.set(key, (counts.get(key) ?? 0) + 1);
    return all.filter(({ key, port, thread }) => {
      return keys.includes(key) && thread < threads && counts.get(key) === (port === 0 ? 1 : threads);
    });
  }
}

function close(socket: KeptSocket | undefined): void {
  if (socket?.isLent === false) socket.handle.close();
}

function nameOf({ thread, key }: SocketName): string {
  return `${thread} ${key}`;
}
