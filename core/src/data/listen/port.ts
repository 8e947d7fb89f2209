/**
 * Port: one bound address of one event loop, and who serves what it accepts. Data plane.
 *
 * It outlives generations: a reload only changes the listener it points at, so nothing is unbound in between.
 */
import { closeSync } from 'node:fs';
import { CLIENT_NETWORKS, type IpAddress, networkKey, parseIp } from '@sluice/dsl/match';
import { type Address, isSocketFile, socketName, withoutZone } from '@sluice/dsl/plan';
import type { ClientHello } from '../../plugin/client-hello.ts';
import type { TlsMode } from '../../plugin/data-entry.ts';
import { connectionRateScope } from '../../shared/listen/connection-rate-scope.ts';
import { SocketFile } from '../../shared/listen/socket-file.ts';
import { wordKey } from '../../shared/orders/orders.ts';
import { connectionKey } from '../../shared/tables/address-counts.ts';
import { ListenerIndex } from '../../shared/tables/counters.ts';
import type { LinkedListener } from '../backend/generation.ts';
import type { ClientPort } from '../exchange/client-port.ts';
import { greet, greetingOf } from '../exchange/greeting.ts';
import { isPassedOn } from '../exchange/passed-on.ts';
import { ClientConnection as Http1Connection } from '../http1/client-connection.ts';
import { ClientConnection as Http2Connection } from '../http2/client-connection.ts';
import { type Closable, type HeldGeneration, type Loop, releaseGeneration } from '../loop/loop.ts';
import { ConnectionFacts } from '../message/connection-facts.ts';
import { RelayClient } from '../relay/relay-client.ts';
import type { Connection } from '../transport/connection.ts';
import type { Listener, ListenerHandler, ListenTarget } from '../transport/listener.ts';
import { HelloPeek } from './hello-peek.ts';
import { ProxyPeek } from './proxy-peek.ts';
import { BAD_PREFACE, mustBeHttp2, sniffHttp } from './sniffer.ts';

/** How many connections may wait to be accepted where the rules do not say. */
const BACKLOG = 4096;
/** Stands for the peer of a Unix socket, and of one that has gone already. */
const NO_ADDRESS = parseIp('0.0.0.0')!;

/** keyOf is what a client's connections count under. They keep it, as a reload may change what is one client. */
function keyOf({ slot, plan }: LinkedListener, ip: IpAddress): number {
  return connectionKey(slot, ip, plan.limits.connectionNetworks ?? CLIENT_NETWORKS);
}

/** BoundSocket is a socket that listens: its port (0: a Unix socket), its file descriptor, and whether clients find it by a file. */
export interface BoundSocket {
  readonly port: number;
  readonly descriptor: number;
  readonly isFile: boolean;
}

/** Hears of a bound socket, and null when it is no longer. */
export type Bound = (socket: BoundSocket | null) => void;

export class Port implements ClientPort, ListenerHandler {
  readonly address: Address;
  /** The bound TCP port; 0 for a Unix socket. */
  number = 0;
  /** `host:port`, for requests that name no host. */
  authority = '';
  listener: LinkedListener;
  readonly connections = new Set<Closable>();
  /** No longer bound: what is still connected gets its answers, then goes. */
  isClosed = false;
  #held: HeldGeneration | null = null;
  #isServing = false;
  /** Whose connection the next one to join is. */
  #replaced: Closable | null = null;
  #waiting: Connection[] = [];
  #file: SocketFile | null = null;
  readonly #server: Listener;
  readonly #loop: Loop;
  readonly #bound: Bound;
  #isBound = false;

  constructor(address: Address, listener: LinkedListener, loop: Loop, bound: Bound = () => {}) {
    this.#bound = bound;
    this.address = address;
    this.listener = listener;
    this.#loop = loop;
    this.#server = loop.transport.listener(this);
  }

  /**
   * open binds. Rejects with the system's error. `port` is bound in place of 0. `isShared`: other threads bind it too. `descriptor`: a
   * socket that listens there already, and is this port's from now on; `isLent`: its file is somebody else's.
   */
  async open(port: number, isShared: boolean, descriptor?: number, isLent = false): Promise<void> {
    const { address } = this;
    const backlog = this.#backlogOf(this.listener);
    if ('path' in address) {
      await this.#openSocket(address.path, backlog, descriptor, isLent);
      return;
    }
    if (descriptor !== undefined) await this.#server.listen({ descriptor }, backlog);
    else await this.#bind(address, { port, isShared, isV6Only: address.isV6Only === true }, backlog);
    this.number = this.#server.port;
    const host = withoutZone(address.host);
    this.#tellBound();
    this.authority = `${host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${this.number}`;
  }

  async #bind(
    address: Extract<Address, { host: string }>,
    target: Omit<Extract<ListenTarget, { host: string }>, 'host'>,
    backlog: number,
  ): Promise<void> {
    try {
      await this.#server.listen({ ...target, host: address.host }, backlog);
    } catch (error) {
      // `::` stands for every address; a system without IPv6 has only the others.
      const { code } = error as NodeJS.ErrnoException;
      const isEvery = address.host === '::' && address.isV6Only !== true;
      if (!isEvery || (code !== 'EAFNOSUPPORT' && code !== 'EADDRNOTAVAIL')) throw error;
      await this.#server.listen({ ...target, host: '0.0.0.0' }, backlog);
    }
  }

  async #openSocket(path: string, backlog: number, descriptor: number | undefined, isLent: boolean): Promise<void> {
    this.authority = 'localhost';
    if (!isSocketFile(path) || (isLent && descriptor !== undefined)) {
      await this.#server.listen(descriptor === undefined ? { path: socketName(path) } : { descriptor }, backlog);
      this.#tellBound();
      return;
    }
    const file = new SocketFile(path);
    if (descriptor !== undefined && file.adopt()) {
      await this.#server.listen({ descriptor }, backlog);
      this.#file = file;
      this.#tellBound();
      return;
    }
    // Nobody can reach what listens under a name that is gone.
    if (descriptor !== undefined) closeSync(descriptor);
    await this.#server.listen({ path: file.bindPath }, backlog);
    try {
      file.place(this.listener.plan.socketMode);
    } catch (error) {
      this.#server.close();
      throw error;
    }
    this.#file = file;
    this.#tellBound();
  }

  #tellBound(): void {
    const { descriptor, port } = this.#server;
    // Systems without file descriptors say -1.
    if (descriptor < 0) return;
    this.#isBound = true;
    this.#bound({ port, descriptor, isFile: this.#file !== null });
  }

  #backlogOf({ plan }: LinkedListener): number {
    return plan.backlog ?? BACKLOG;
  }

  /** What the rules say of the socket may have changed since it was bound. */
  #adjust(before: LinkedListener, now: LinkedListener): void {
    const { socketMode } = now.plan;
    if (socketMode !== undefined && socketMode !== before.plan.socketMode) this.#file?.allow(socketMode);
    const backlog = this.#backlogOf(now);
    if (backlog !== this.#backlogOf(before)) this.#server.setBacklog(backlog);
  }

  /** serve begins to serve for a listener: what was accepted meanwhile, and everything from now on. */
  serve(listener: LinkedListener): void {
    if (listener !== this.listener) this.#adjust(this.listener, listener);
    this.listener = listener;
    this.#isServing = true;
    for (const connection of this.#waiting.splice(0)) if (!connection.isClosed) this.onAccept(connection);
  }

  /**
   * close unbinds. What is connected keeps the listener's generation until it has gone; with `graceMs` above 0, idle
   * connections are ended after that time, so that requests on their way still get their answer.
   */
  close(graceMs = 0): void {
    if (this.isClosed) return;
    this.isClosed = true;
    const isReplaced = this.#file?.remove() === false;
    // Another process has put its socket in the place of this one: whoever is in the queue came before that, and is accepted in this turn.
    if (isReplaced) setImmediate(() => this.#server.close());
    else this.#server.close();
    if (this.#isBound) this.#bound(null);
    for (const connection of this.#waiting.splice(0)) connection.destroy();
    if (this.connections.size === 0) return;
    this.#held = this.listener.generation;
    this.#held.holds += this.connections.size;
    if (graceMs === 0) return;
    setTimeout(() => {
      for (const connection of this.connections) connection.release();
    }, graceMs).unref();
  }

  /** addConnection: a connection is served from now on. */
  addConnection(connection: Closable, ip: IpAddress): void {
    const { slot } = this.listener;
    this.connections.add(connection);
    this.#loop.connections.add(connection);
    const before = this.#replaced;
    if (before !== null) {
      this.#replaced = null;
      connection.countedAs = before.countedAs;
      this.connections.delete(before);
      this.#loop.connections.delete(before);
      return;
    }
    this.#loop.counters.listener(slot, ListenerIndex.connections);
    this.#loop.connectionTotal.add(1);
    connection.countedAs = keyOf(this.listener, ip);
    this.#loop.addresses.add(connection.countedAs, 1);
  }

  /** removeConnection: a connection has gone. */
  removeConnection(connection: Closable): void {
    const { slot } = this.listener;
    this.connections.delete(connection);
    this.#loop.connections.delete(connection);
    this.#loop.counters.listener(slot, ListenerIndex.connectionsClosed);
    this.#loop.connectionTotal.add(-1);
    this.#loop.addresses.add(connection.countedAs, -1);
    if (this.#held !== null) releaseGeneration(this.#held, this.#loop);
  }

  onAccept(connection: Connection): void {
    if (!this.#isServing) {
      this.#waiting.push(connection);
      return;
    }
    const { listener } = this;
    const ip = parseIp(withoutZone(connection.remoteAddress ?? '')) ?? NO_ADDRESS;
    if (this.#isFull(listener)) this.#turnAway(connection, listener);
    else if (listener.proxies?.has(ip) === true) this.#awaitProxy(connection, ip, listener);
    else if (this.#isTooMuch(listener, ip)) this.#turnAway(connection, listener);
    else this.#admit(connection, ip, listener);
  }

  onListenerFailed(error: Error): void {
    this.#loop.log('error', 'a listener failed', { listener: this.listener.name, error: error.message });
  }

  #turnAway(connection: Connection, listener: LinkedListener): void {
    this.#loop.counters.listener(listener.slot, ListenerIndex.connectionsRefused);
    connection.destroy();
  }

  /** admit lets a client in. False: its TLS could not be begun; it is closed. */
  #admit(connection: Connection, ip: IpAddress, listener: LinkedListener): boolean {
    const { tls } = listener;
    if (listener.readsHello || (tls !== null && tls.needsHello === true)) {
      this.#peek(connection, ip, listener);
      return true;
    }
    if (tls !== null && !this.#secure(connection, listener, tls, null)) return false;
    this.#serve(connection, ip, listener);
    return true;
  }

  /**
   * awaitProxy takes the PROXY header first: then the client is whom it names. The connection counts from now on, as the proxy's
   * until it is known whose it is.
   */
  #awaitProxy(connection: Connection, proxy: IpAddress, listener: LinkedListener): void {
    const { counters, addresses, wheel } = this.#loop;
    const { generation, slot } = listener;
    generation.holds++;
    const peek = new ProxyPeek(connection, wheel, listener.plan.timeouts.headerMs, {
      introduced: (proxied) => {
        const { source } = proxied;
        greet(connection, { proxied });
        const ip = source === null ? proxy : source.ip;
        const isLimited = source !== null && this.#isTooMuch(listener, ip);
        addresses.add(peek.countedAs, -1);
        peek.countedAs = keyOf(listener, ip);
        addresses.add(peek.countedAs, 1);
        if (isLimited) this.#turnAway(connection, listener);
        if (isLimited || !this.#handOver(peek, () => this.#admit(connection, ip, listener)))
          this.removeConnection(peek);
        releaseGeneration(generation, this.#loop);
      },
      onGone: (isBad) => {
        if (isBad) counters.listener(slot, ListenerIndex.badRequests);
        this.removeConnection(peek);
        releaseGeneration(generation, this.#loop);
      },
    });
    this.addConnection(peek, proxy);
  }

  /** serve hands a connection to what speaks the listener's protocol. */
  #serve(connection: Connection, ip: IpAddress, listener: LinkedListener): void {
    if (listener.plan.protocol === 'tcp') new RelayClient(connection, ip, this, listener, this.#loop);
    else new Http1Connection(connection, ip, this, this.#loop);
  }

  /** peek reads the client's hello first. The connection counts from now on, so that those who never say it have a limit too. */
  #peek(connection: Connection, ip: IpAddress, listener: LinkedListener): void {
    const loop = this.#loop;
    const { generation } = listener;
    generation.holds++;
    const peek = new HelloPeek(connection, loop.wheel, listener.plan.timeouts.headerMs, {
      greeted: (hello) => {
        if (!this.#greeted(peek, ip, listener, hello)) this.removeConnection(peek);
        releaseGeneration(generation, loop);
      },
      onGone: () => {
        this.removeConnection(peek);
        releaseGeneration(generation, loop);
      },
    });
    this.addConnection(peek, ip);
  }

  /** greeted has a connection served by what its hello asks for. False: by nobody; it is closed. */
  #greeted(peek: HelloPeek, ip: IpAddress, listener: LinkedListener, hello: ClientHello | null): boolean {
    const { connection } = peek;
    const { passthrough, plan, tls } = listener;
    if (hello !== null) {
      greet(connection, { hello });
      if (passthrough !== null) {
        const { proxied } = greetingOf(connection);
        const isTaken = isPassedOn(passthrough, new ConnectionFacts(ip, this.number, hello, proxied), this.#loop);
        if (isTaken === null) {
          connection.destroy();
          return false;
        }
        if (isTaken) {
          return this.#handOver(peek, () => {
            new RelayClient(connection, ip, this, passthrough, this.#loop);
            return true;
          });
        }
      }
    } else if (plan.isPassthrough === true) {
      this.#loop.counters.listener(listener.slot, ListenerIndex.badRequests);
      connection.destroy();
      return false;
    }
    if (tls !== null && !this.#secure(connection, listener, tls, hello)) return false;
    return this.#handOver(peek, () => {
      this.#serve(connection, ip, listener);
      return true;
    });
  }

  sniff(connection: Connection, bytes: Buffer, length: number): number {
    return sniffHttp(connection, this.listener.plan, bytes, length);
  }

  mayAnswerHttp1(connection: Connection): boolean {
    return !mustBeHttp2(connection, this.listener.plan);
  }

  serveOther(
    before: Closable,
    connection: Connection,
    ip: IpAddress,
    wire: number,
    bytes: Buffer,
    length: number,
  ): void {
    this.replace(before);
    const other = new Http2Connection(connection, ip, this, this.#loop);
    if (wire === BAD_PREFACE) other.refusePreface();
    else other.onBytes(bytes, length);
  }

  /** replace: the next to join has the connection of this one from now on: it stays one connection. */
  replace(before: Closable): void {
    this.#replaced = before;
  }

  /** handOver has a connection served by another object, which `serve` makes. False: nobody took it. */
  #handOver(from: Closable, serve: () => boolean): boolean {
    this.replace(from);
    const isServed = serve();
    this.#replaced = null;
    return isServed;
  }

  /** secure hands a connection to the listener's TLS mode. False: it is not let in, or the mode failed; it is closed. */
  #secure(connection: Connection, listener: LinkedListener, tls: TlsMode, hello: ClientHello | null): boolean {
    try {
      if (connection.acceptTls(tls, hello)) return true;
      this.#loop.counters.listener(listener.slot, ListenerIndex.connectionsRefused);
    } catch (error) {
      this.#loop.counters.listener(listener.slot, ListenerIndex.pluginErrors);
      const word = wordKey('tls', listener.plan.tls?.name ?? '');
      const plugin = listener.generation.owner(word);
      this.#loop.failures.report(
        `accept ${listener.name}`,
        `${word}${plugin === undefined ? '' : ` of plugin ${plugin}`} failed; the connection was closed`,
        { listener: listener.name, tls: listener.plan.tls?.name, plugin, word },
        error,
      );
    }
    connection.destroy();
    return false;
  }

  /** isTooFast takes one new connection of a rate; `key` is the client, or empty for all together. */
  #isTooFast(listener: LinkedListener, key: string, [count, perMs]: readonly number[]): boolean {
    return this.#loop.rates.take(connectionRateScope(listener.name), key, perMs! / count!, count!) !== 0;
  }

  #isFull({ plan, slot, generation }: LinkedListener): boolean {
    const { connections } = plan.limits;
    const { mostConnections } = generation;
    if (mostConnections !== 0 && this.#loop.connectionTotal.sum() >= mostConnections) return true;
    return connections !== 0 && this.#loop.counters.openConnections(slot) >= connections;
  }

  /** isTooMuch: the client has too many connections, or there are too many new ones. */
  #isTooMuch(listener: LinkedListener, ip: IpAddress): boolean {
    const { connectionsPerIp, newConnections, newConnectionsPerIp, newConnectionNetworks } = listener.plan.limits;
    if (connectionsPerIp !== 0 && this.#loop.addresses.count(keyOf(listener, ip)) >= connectionsPerIp) return true;
    if (newConnectionsPerIp !== null) {
      const key = networkKey(ip, newConnectionNetworks ?? CLIENT_NETWORKS);
      if (this.#isTooFast(listener, key, newConnectionsPerIp)) return true;
    }
    return newConnections !== null && this.#isTooFast(listener, '', newConnections);
  }
}
