/**
 * ActivatedSockets: the listening sockets that a service manager has made and given to this process (socket activation, sd_listen_fds(3)), by name. The
 * supervisor's process, which keeps them open for as long as it lives.
 *
 * A socket is meant for the listener of its name (`FileDescriptorName=`); several of one name are for the listener's addresses, in their order.
 */
import { Socket } from 'node:net';
import type { Handle } from './kept-sockets.ts';

/** The first descriptor that a service manager gives. */
const FIRST = 3;

export interface ActivatedSocket {
  readonly handle: Handle;
  /** The bound port; 0 for a Unix socket. */
  readonly port: number;
}

interface SocketHandle extends Handle {
  getsockname?(address: { port?: number }): number;
}

/** activatedSockets are those of LISTEN_FDS, by name. Throws for a descriptor that is no stream socket. Call it once: the environment forgets. */
export function activatedSockets(
  env: NodeJS.ProcessEnv = process.env,
): ReadonlyMap<string, readonly ActivatedSocket[]> {
  const { LISTEN_FDS: count = '0', LISTEN_PID: pid, LISTEN_FDNAMES: names = '' } = env;
  delete env.LISTEN_FDS;
  delete env.LISTEN_PID;
  delete env.LISTEN_FDNAMES;
  const sockets = new Map<string, ActivatedSocket[]>();
  if (Number(pid) !== process.pid) return sockets;
  const all = names.split(':');
  for (let index = 0; index < Number(count); index++) {
    const name = all[index] === undefined || all[index] === '' ? 'unknown' : all[index]!;
    const own = sockets.get(name) ?? [];
    sockets.set(name, own);
    own.push(socketOf(FIRST + index, name));
  }
  return sockets;
}

function socketOf(descriptor: number, name: string): ActivatedSocket {
  let handle: SocketHandle;
  try {
    const socket = new Socket({ fd: descriptor, readable: false, writable: false });
    handle = (socket as unknown as { readonly _handle: SocketHandle })._handle;
  } catch (cause) {
    throw new Error(`the socket ${name} from the service manager is no stream socket`, { cause });
  }
  const address: { port?: number } = {};
  handle.getsockname?.(address);
  return { handle, port: address.port ?? 0 };
}
