/**
 * KeptSockets: the gateway's listening sockets, as the supervisor keeps them while the gateway is replaced. The supervisor's process.
 *
 * They are the handles that Node makes of what comes over the channel. None is ever listened or read on here, so connections that come
 * while there is no gateway wait in the system's queue for the next one.
 */
import type { SocketName } from './messages.ts';

/** The part of Node's handles that matters here. */
export interface Handle {
  close(): void;
}

export interface KeptSocket extends SocketName {
  readonly port: number;
  readonly handle: Handle;
}

export class KeptSockets {
  readonly #kept = new Map<string, KeptSocket>();

  keep(socket: KeptSocket): void {
    const name = nameOf(socket);
    // The same thread has bound the address again.
    this.#kept.get(name)?.handle.close();
    this.#kept.set(name, socket);
  }

  drop(socket: SocketName): void {
    const name = nameOf(socket);
    this.#kept.get(name)?.handle.close();
    this.#kept.delete(name);
  }

  /** dropWhere drops all that are meant. */
  dropWhere(isMeant: (socket: KeptSocket) => boolean): void {
    for (const socket of [...this.#kept.values()]) if (isMeant(socket)) this.drop(socket);
  }

  /**
   * claimed are the sockets of these keys, where there is one for each of so many threads and no more. All others are closed: nobody would accept
   * from them.
   */
  claimed(keys: readonly string[], threads: number): KeptSocket[] {
    const counts = new Map<string, number>();
    for (const { key } of this.#kept.values()) counts.set(key, (counts.get(key) ?? 0) + 1);
    this.dropWhere(({ key, thread }) => !keys.includes(key) || counts.get(key) !== threads || thread >= threads);
    return [...this.#kept.values()];
  }
}

function nameOf({ thread, key }: SocketName): string {
  return `${thread} ${key}`;
}
