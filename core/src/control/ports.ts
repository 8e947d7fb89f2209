/**
 * Ports: asks the system, before data threads bind a new listener, whether they can. Main thread.
 *
 * Threads bind with SO_REUSEPORT, with which a second process may take the same port in silence, so a plain, exclusive bind
 * is tried first. It also turns port 0 into a number that all threads can bind, and says in words what is wrong.
 */
import { once } from 'node:events';
import { lstat, unlink } from 'node:fs/promises';
import { connect, createServer, isIPv6, type ListenOptions, type Server } from 'node:net';
import type { Address, ListenerPlan } from '@sluice/dsl/plan';
import { codeOf, GatewayError, reasonOf } from './errors.ts';

/** Ports by listener name, for listeners that asked for port 0. */
export type Ports = Readonly<Record<string, number>>;

/** formatAddress writes an address as people do: `0.0.0.0:8080`, `[::1]:8080`, `/run/sluice.sock`. */
export function formatAddress(address: Address): string {
  if ('path' in address) return address.path;
  return isIPv6(address.host) ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** BoundListeners is what is bound already: the listeners in force, and the ports that port 0 became. */
export interface BoundListeners {
  readonly listeners: readonly ListenerPlan[];
  readonly ports: Ports;
}

/**
 * resolvePorts checks every listener whose address is not bound yet, and returns the ports for those that asked for
 * port 0, kept where the listener is kept. Throws SG0301 to SG0309.
 */
export async function resolvePorts(
  listeners: readonly ListenerPlan[],
  bound: BoundListeners,
  options: { readonly isTakeover: boolean },
): Promise<Ports> {
  refuseDoubles(listeners);
  const ports: Record<string, number> = {};
  for (const { name, address } of listeners) {
    const written = formatAddress(address);
    const isAnyPort = 'port' in address && address.port === 0;
    const kept = bound.listeners.find(
      (old) => formatAddress(old.address) === written && (!isAnyPort || old.name === name),
    );
    if (isAnyPort && kept !== undefined) ports[name] = bound.ports[name]!;
    if (kept !== undefined || options.isTakeover || sharesPort(address, bound)) continue;
    if ('path' in address) await tryPath(name, address.path);
    else {
      const port = await tryPort(name, address.host, address.port);
      if (isAnyPort) ports[name] = port;
    }
  }
  return ports;
}

/** tryAddress says whether something else than a listener can be bound. Removes a socket file that was left behind. Throws SG0301 to SG0307. */
export async function tryAddress(name: string, address: Address): Promise<void> {
  if ('path' in address) await tryPath(name, address.path);
  else await tryPort(name, address.host, address.port);
}

/** hasReusePort asks whether this system lets several threads bind one port. */
export async function hasReusePort(): Promise<boolean> {
  try {
    await bindOnce({ host: '127.0.0.1', port: 0, reusePort: true });
    return true;
  } catch {
    return false;
  }
}

function refuseDoubles(listeners: readonly ListenerPlan[]): void {
  const seen = new Map<string, string>();
  for (const { name, address } of listeners) {
    if ('port' in address && address.port === 0) continue;
    const written = formatAddress(address);
    const other = seen.get(written);
    if (other !== undefined) throw new GatewayError('SG0308', { listener: other, other: name, address: written });
    seen.set(written, name);
  }
}

/** An own listener on the same port, of another address: a plain bind would only find ourselves. */
function sharesPort(address: Address, bound: BoundListeners): boolean {
  if ('path' in address) return false;
  return bound.listeners.some(
    (old) => 'port' in old.address && old.address.port !== 0 && old.address.port === address.port,
  );
}

async function tryPort(listener: string, host: string, port: number): Promise<number> {
  try {
    return await bindOnce({ host, port, exclusive: true });
  } catch (cause) {
    // `::` stands for every address; a system without IPv6 has only the others, as the data plane knows.
    const hasNoIpv6 = host === '::' && (codeOf(cause) === 'EAFNOSUPPORT' || codeOf(cause) === 'EADDRNOTAVAIL');
    if (hasNoIpv6) return tryPort(listener, '0.0.0.0', port);
    const address = formatAddress({ host, port });
    switch (codeOf(cause)) {
      case 'EADDRINUSE':
        throw new GatewayError('SG0301', { listener, address }, { cause });
      case 'EACCES':
      case 'EPERM':
        throw new GatewayError('SG0302', { listener, port }, { cause });
      case 'EADDRNOTAVAIL':
        throw new GatewayError('SG0303', { listener, address }, { cause });
      default:
        throw new GatewayError('SG0307', { listener, address, message: reasonOf(cause) }, { cause });
    }
  }
}

/** A socket file that nobody answers on was left behind, and is removed. */
async function tryPath(listener: string, path: string): Promise<void> {
  try {
    await bindOnce({ path, exclusive: true });
    return;
  } catch (cause) {
    if (codeOf(cause) !== 'EADDRINUSE') {
      throw new GatewayError('SG0306', { listener, path, message: reasonOf(cause) }, { cause });
    }
  }
  const file = await lstat(path).catch(() => null);
  if (file !== null && !file.isSocket()) throw new GatewayError('SG0305', { listener, path });
  if (await answers(path)) throw new GatewayError('SG0304', { listener, path });
  try {
    await unlink(path);
    await bindOnce({ path, exclusive: true });
  } catch (cause) {
    throw new GatewayError('SG0306', { listener, path, message: reasonOf(cause) }, { cause });
  }
}

async function answers(path: string): Promise<boolean> {
  const socket = connect({ path });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Binds, closes, and says which port it was (0 for a path). */
async function bindOnce(options: ListenOptions): Promise<number> {
  const server: Server = createServer();
  server.listen(options);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
