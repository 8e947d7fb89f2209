/**
 * SelfConnection: a socket that has met itself. Main thread.
 *
 * Who connects to a closed port of the own machine may be given that very port to connect from, and TCP then joins the socket with
 * itself (RFC 9293, section 3.5, a simultaneous open): nobody listens, and yet it is connected. Ports to connect from come out of a range of the
 * system's, and asking for the own end costs a system call, so it is only asked for where the port lies in that range.
 */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

const LINUX_RANGE = '/proc/sys/net/ipv4/ip_local_port_range';
/** Where the system does not say: all that need no privilege. */
const ANY: readonly [first: number, last: number] = [1024, 65535];

let range: readonly [first: number, last: number] | null = null;

/** mayMeetItself: the system may give a socket this port to connect from. */
export function mayMeetItself(port: number): boolean {
  range ??= readRange();
  return port >= range[0] && port <= range[1];
}

/** isItself: the connected socket's other end is its own. */
export function isItself(socket: Socket): boolean {
  return (
    socket.localPort !== undefined &&
    socket.localPort === socket.remotePort &&
    socket.localAddress === socket.remoteAddress
  );
}

function readRange(): readonly [number, number] {
  try {
    const [first, last] = readFileSync(LINUX_RANGE, 'latin1').trim().split(/\s+/).map(Number);
    return Number.isInteger(first) && Number.isInteger(last) ? [first!, last!] : ANY;
  } catch {
    return ANY;
  }
}
