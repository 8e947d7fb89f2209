/**
 * Supervised: the gateway's end of the channel to its supervisor. Main thread.
 */
import { Socket } from 'node:net';
import type { KeptSocket, SocketKeeper, SocketToKeep, WantedSocket } from '@sluice/core';
import { EXIT_PROBLEM } from '../exit-codes.ts';
import { SUPERVISED, type ToGateway, type ToSupervisor, UPGRADED_FROM } from './messages.ts';
import { takeStateFile } from './state-file.ts';

/** A stop does not wait for longer than this for a supervisor that hangs. */
const RELEASE_MS = 1_000;

export interface Orders {
  /** A signal that the supervisor got. Listeners of the process hear it next, as if the system had delivered it. */
  onSignal(signal: NodeJS.Signals): void;
  /** The supervisor is gone. */
  left(): void;
  /** Another gateway serves from now on. */
  retire(): void;
  /** Writes the state to a file, and resolves to its path; null: that failed. Never rejects. */
  exportState(): Promise<string | null>;
}

/** The part of Node's handles that matters here. */
interface Handle {
  readonly fd: number;
}

export class Supervised implements SocketKeeper {
  /** current returns the channel of this process; null: nobody supervises it. Call it once: the environment forgets. */
  static current(): Supervised | null {
    const isSupervised = process.env[SUPERVISED] !== undefined && process.send !== undefined;
    const threads = Number(process.env[UPGRADED_FROM] ?? 0);
    // Programs that the gateway or its plugins start have no supervisor.
    delete process.env[SUPERVISED];
    delete process.env[UPGRADED_FROM];
    return isSupervised ? new Supervised(threads === 0 ? null : threads) : null;
  }

  /** This gateway takes over from one that runs, which has so many data threads; null: there is none. */
  readonly upgradedFrom: number | null;
  #orders: Orders | null = null;
  readonly #claimed = new Map<string, { port: number; descriptors: number[]; isLent: boolean }>();
  readonly #lent = new Map<string, number>();
  #claimDone: () => void = () => {};
  #releaseDone: () => void = () => {};
  #stateDone: (file: string | null) => void = () => {};
  /** Those who wait for an upgrade, by `upgrade`. */
  #upgradeDone: ((problem: string | null) => void)[] = [];

  private constructor(upgradedFrom: number | null) {
    this.upgradedFrom = upgradedFrom;
    process.once('disconnect', () => {
      this.#claimDone();
      this.#releaseDone();
      this.#stateDone(null);
      // Until there is a gateway, there is nothing to end in good order.
      if (this.#orders === null) process.exit(EXIT_PROBLEM);
      this.#orders.left();
    });
    // The channel keeps no process alive.
    process.channel?.unref();
  }

  /** listen has the orders carried out from now on, those that came before too. */
  listen(orders: Orders): void {
    this.#orders = orders;
    process.on('message', (message: ToGateway, handle: unknown) => this.#heard(message, handle as Handle));
    // A listener for messages has it keep the process alive again.
    process.channel?.unref();
    this.#tell({ type: 'attending' });
    if (!process.connected) orders.left();
  }

  /** ready: the gateway serves. */
  ready(version: string): void {
    this.#tell({ type: 'ready', version });
  }

  /** reloaded: a reload that SIGHUP asked for is over. */
  reloaded(isOk: boolean): void {
    this.#tell({ type: 'reloaded', isOk });
  }

  /** state is that of the gateway that this one takes over from; null: there is none. */
  async state(): Promise<Uint8Array | null> {
    // Nothing else keeps the process alive yet.
    process.channel?.ref();
    const file = await new Promise<string | null>((resolve) => {
      this.#stateDone = resolve;
      this.#tell({ type: 'want-state' });
    });
    process.channel?.unref();
    return file === null ? null : takeStateFile(file);
  }

  /** upgrade has the version that is on disk take over, and resolves when that serves; to why it does not, if it does not. */
  upgrade(): Promise<string | null> {
    return new Promise((resolve) => {
      this.#upgradeDone.push(resolve);
      this.#tell({ type: 'upgrade' });
    });
  }

  async claim(wanted: readonly WantedSocket[], threads: number): Promise<ReadonlyMap<string, KeptSocket>> {
    if (process.connected) {
      await new Promise<void>((resolve) => {
        this.#claimDone = resolve;
        this.#tell({ type: 'claim', wanted, threads });
      });
    }
    return this.#claimed;
  }

  async lend(): Promise<ReadonlyMap<string, number>> {
    this.#lent.clear();
    const isAnyLent = [...this.#claimed.values()].some(({ isLent }) => isLent);
    if (isAnyLent && process.connected) {
      await new Promise<void>((resolve) => {
        this.#claimDone = resolve;
        this.#tell({ type: 'lend' });
      });
    }
    return this.#lent;
  }

  keep(thread: number, key: string, { port, descriptor, isFile }: SocketToKeep): void {
    // What was claimed is kept already.
    const claimed = this.#claimed.get(key);
    if (claimed?.descriptors[thread] === descriptor || claimed?.isLent === true) return;
    // Sending needs a handle, and gives the supervisor a reference of its own. The handle is never closed here: the descriptor is the thread's.
    const handle = handleOf(descriptor);
    if (handle !== null) this.#tell({ type: 'keep', thread, key, port, isFile }, handle);
  }

  drop(thread: number, key: string): void {
    this.#forget(thread, key);
    this.#tell({ type: 'drop', thread, key });
  }

  lost(thread: number): void {
    for (const key of this.#claimed.keys()) this.#forget(thread, key);
    this.#tell({ type: 'lost', thread });
  }

  async release(): Promise<void> {
    if (!process.connected) return;
    const limit = setTimeout(() => this.#releaseDone(), RELEASE_MS);
    await new Promise<void>((resolve) => {
      this.#releaseDone = resolve;
      this.#tell({ type: 'release' });
    });
    clearTimeout(limit);
  }

  /** forget: the descriptor has been closed, and its number may come again for another socket. */
  #forget(thread: number, key: string): void {
    delete this.#claimed.get(key)?.descriptors[thread];
  }

  #heard(message: ToGateway, handle: Handle): void {
    switch (message.type) {
      case 'signal':
        this.#orders!.onSignal(message.signal);
        process.emit(message.signal, message.signal);
        break;
      case 'socket': {
        const { key, port, thread, isLent } = message;
        const socket = this.#claimed.get(key) ?? { port, descriptors: [], isLent };
        socket.descriptors[thread] = handle.fd;
        this.#claimed.set(key, socket);
        break;
      }
      case 'lent':
        this.#lent.set(message.key, handle.fd);
        break;
      case 'claimed':
        this.#claimDone();
        break;
      case 'released':
        this.#releaseDone();
        break;
      case 'export':
        void this.#orders!.exportState().then((file) => this.#tell({ type: 'exported', file }));
        break;
      case 'state':
        this.#stateDone(message.file);
        break;
      case 'upgraded':
        this.#upgradeDone.shift()?.(message.problem);
        break;
      case 'retire':
        this.#orders!.retire();
        break;
      case 'ping':
        this.#tell({ type: 'pong' });
        break;
    }
  }

  #tell(message: ToSupervisor, handle?: object): void {
    // Without a supervisor there is nobody to tell, and `disconnect` says so.
    if (process.connected) process.send!(message, handle as never, undefined, () => {});
  }
}

/** handleOf makes a handle of a descriptor. Null: this very event loop accepts from it (`threads 0`), and an event loop has one handle of a descriptor. */
function handleOf(descriptor: number): object | null {
  try {
    const socket = new Socket({ fd: descriptor, readable: false, writable: false });
    return (socket as unknown as { readonly _handle: object })._handle;
  } catch {
    return null;
  }
}
