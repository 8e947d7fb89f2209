/**
 * Ports: asks the system, before data threads bind a new listener, whether they can. Main thread.
 *
 * Threads bind with SO_REUSEPORT, with which a second process may take the same port in silence, so a plain, exclusive bind
 * is tried first. It also turns port 0 into a number that all threads can bind, and says in words what is wrong.
 */
import { once } from 'node:events';
import { lstat, unlink } from 'node:fs/promises';
import { connect, createServer, isIPv6, type ListenOptions, type Server } from 'node:net';
import { addressText } from '@sluice/dsl';
import {
  type Address,
  addressesOf,
  isSocketFile,
  type ListenerPlan,
  sharedAddresses,
  socketName,
} from '@sluice/dsl/plan';
import { portKey, portName } from '../../shared/orders/orders.ts';
import { codeOf, GatewayError, reasonOf } from '../report/errors.ts';
import { fileReason, socketProblem } from '../report/path-problem.ts';
import type { KeptSocket } from './socket-keeper.ts';

/** ADMIN_API is what messages call the admin API where they would name a listener. */
export const ADMIN_API = 'the admin API';

/** listenerOwner is what messages call a listener: its name in the rules. */
export function listenerOwner(name: string): string {
  return `listener \`${name}\``;
}

/** Ports by `portName`, for addresses that asked for port 0. */
export type Ports = Readonly<Record<string, number>>;

/** formatAddress writes an address as people do: `:8080`, `[::1]:8080`, `/run/sluice.sock`. */
export function formatAddress(address: Address): string {
  return 'path' in address ? address.path : addressText(address);
}

/** boundAddress is an address with the port that port 0 became. */
export function boundAddress(address: Address, port: number | undefined): Address {
  return 'path' in address || port === undefined ? address : { ...address, port };
}

/** boundAddresses are all addresses of a listener, with the ports that port 0 became. */
export function boundAddresses(listener: ListenerPlan, ports: Ports): readonly Address[] {
  return addressesOf(listener).map((address, index) => boundAddress(address, ports[portName(listener.name, index)]));
}

/** BoundListeners is what is bound already: the active listeners, and the ports that port 0 became. */
export interface BoundListeners {
  readonly listeners: readonly ListenerPlan[];
  readonly ports: Ports;
}

/**
 * resolvePorts checks every listener whose address is not bound yet, and returns the ports for those that asked for
 * port 0, kept where the listener is kept. Throws SG0301 to SG0308.
 */
export async function resolvePorts(
  listeners: readonly ListenerPlan[],
  bound: BoundListeners,
  options: { readonly isTakeover: boolean; readonly kept?: ReadonlyMap<string, KeptSocket> },
): Promise<Ports> {
  const wanted = placed(listeners);
  refuseDoubles(wanted);
  const before = new Map(placed(bound.listeners).map((one) => [keyOf(one), one]));
  const boundPorts = new Set([...before.values()].map(({ address }) => ('port' in address ? address.port : 0)));
  boundPorts.delete(0);
  const ports: Record<string, number> = {};
  for (const one of wanted) {
    const { name, address, key } = one;
    const owner = listenerOwner(one.listener);
    const isAnyPort = 'port' in address && address.port === 0;
    const kept = before.get(keyOf(one));
    if (isAnyPort && kept !== undefined) ports[name] = bound.ports[name]!;
    const held = options.kept?.get(key);
    if (isAnyPort && held !== undefined) ports[name] = held.port;
    if (kept !== undefined || held !== undefined || options.isTakeover) continue;
    if ('path' in address) await tryPath(owner, address.path);
    // An own listener has the port, on another address: a plain bind would only find ourselves.
    else if (!boundPorts.has(address.port)) {
      const port = await tryPort(owner, address);
      if (isAnyPort) ports[name] = port;
    }
  }
  return ports;
}

interface Placed {
  readonly listener: string;
  /** See `portName`. */
  readonly name: string;
  readonly address: Address;
  /** See `portKey`. */
  readonly key: string;
}

function placed(listeners: readonly ListenerPlan[]): readonly Placed[] {
  return listeners.flatMap((listener) =>
    addressesOf(listener).map((address, index) => ({
      listener: listener.name,
      name: portName(listener.name, index),
      address,
      key: portKey(listener.name, index, address),
    })),
  );
}

/** An address keeps its socket whatever the listener is called; one with port 0 is its listener's own. */
function keyOf({ name, address }: Placed): string {
  const isAnyPort = 'port' in address && address.port === 0;
  return isAnyPort ? `${addressText(address)} ${name}` : addressText(address);
}

/**
 * tryAddress checks that an address can be bound for `owner`, a listener (`listenerOwner`) or `ADMIN_API`, and removes a socket
 * file that nothing listens on. Throws SG0301 to SG0307, which name the owner.
 */
export async function tryAddress(owner: string, address: Address): Promise<void> {
  if ('path' in address) await tryPath(owner, address.path);
  else await tryPort(owner, address);
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

function refuseDoubles(wanted: readonly Placed[]): void {
  for (const [second, first] of sharedAddresses(wanted)) {
    throw new GatewayError('SG0308', {
      listener: first.listener,
      other: second.listener,
      address: formatAddress(second.address),
    });
  }
}

async function tryPort(owner: string, asked: Extract<Address, { host: string }>): Promise<number> {
  const { host, port, isV6Only } = asked;
  try {
    return await bindOnce({ host, port, exclusive: true, ipv6Only: isV6Only === true });
  } catch (cause) {
    const hasNoIpv6 = codeOf(cause) === 'EAFNOSUPPORT' || codeOf(cause) === 'EADDRNOTAVAIL';
    // `::` stands for every address; a system without IPv6 has only the others, as the data plane knows.
    if (hasNoIpv6 && host === '::' && isV6Only !== true) return tryPort(owner, { host: '0.0.0.0', port });
    throw bindError(owner, asked, cause);
  }
}

/** bindError turns the system's error into one that says whose address it is, and what to do. */
export function bindError(owner: string, asked: Address, cause: unknown): GatewayError {
  if ('path' in asked) {
    const code = codeOf(cause) === 'EADDRINUSE' ? 'SG0304' : 'SG0306';
    return new GatewayError(code, { owner, path: asked.path, message: fileReason(cause) }, { cause });
  }
  const address = formatAddress(asked);
  switch (codeOf(cause)) {
    case 'EADDRINUSE':
      return new GatewayError('SG0301', { owner, address }, { cause });
    case 'EACCES':
    case 'EPERM':
      return new GatewayError('SG0302', { owner, port: asked.port, node: process.execPath }, { cause });
    case 'EADDRNOTAVAIL':
      return new GatewayError('SG0303', { owner, address, family: isIPv6(asked.host) ? 'ipv6' : 'ipv4' }, { cause });
    default:
      return new GatewayError('SG0307', { owner, address, message: reasonOf(cause) }, { cause });
  }
}

/** A socket file that nobody listens on was left behind, and is removed. */
async function tryPath(owner: string, path: string): Promise<void> {
  try {
    await bindOnce({ path: socketName(path), exclusive: true });
    return;
  } catch (cause) {
    if (codeOf(cause) !== 'EADDRINUSE') {
      // Node says EACCES where a folder is missing (ENOENT), so the folder is looked at.
      const problem = isSocketFile(path) ? await socketProblem(path) : null;
      const message = problem?.reason ?? fileReason(cause);
      throw new GatewayError('SG0306', { owner, path, message }, { cause });
    }
  }
  if (!isSocketFile(path)) throw new GatewayError('SG0304', { owner, path });
  const file = await lstat(path).catch(() => null);
  if (file !== null && !file.isSocket()) throw new GatewayError('SG0305', { owner, path });
  if (!(await isDeserted(path))) throw new GatewayError('SG0304', { owner, path });
  try {
    await unlink(path);
    await bindOnce({ path, exclusive: true });
  } catch (cause) {
    throw new GatewayError('SG0306', { owner, path, message: fileReason(cause) }, { cause });
  }
}

/**
 * isDeserted: nobody listens on a socket file. Only a refusal says so: a queue that is full (EAGAIN), a socket of another kind
 * (EPROTOTYPE) and one that we may not use (EACCES) are somebody's.
 */
async function isDeserted(path: string): Promise<boolean> {
  const socket = connect({ path });
  try {
    await once(socket, 'connect');
    return false;
  } catch (error) {
    return codeOf(error) === 'ECONNREFUSED' || codeOf(error) === 'ENOENT';
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
