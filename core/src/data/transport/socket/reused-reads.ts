/**
 * ReusedReads: has Node read a socket into memory that is used again and again. Hot path; data plane.
 *
 * Node offers this for the sockets that `connect` makes (`onread`) and not for those that a server accepts, although all
 * of them read by the same code. That code looks at three properties of the socket, which `onread` fills; here they are
 * found once, by their values, on a socket made for it, and filled in the same way. Where they are not found as expected
 * (another Node, another kind of stream) the answer is no, and the socket is read by its `data` events.
 *
 * Without it, each read allocates 64 KiB, an ArrayBuffer and a Buffer, and passes through Readable: a tenth of a small
 * request.
 */
import { Socket } from 'node:net';

/** Takes the first `length` bytes of the buffer; called with the socket as `this`. Must return true. */
export type TakeRead = (this: Socket, length: number, bytes: Uint8Array) => boolean;
/** The buffer for the next read; undefined: the same again. */
export type NextBuffer = () => Uint8Array | undefined;

interface Properties {
  readonly buffer: symbol;
  readonly take: symbol;
  readonly next: symbol;
}

type Open = Record<symbol, unknown>;

interface Handle {
  useUserBuffer?(bytes: Uint8Array): void;
}

/** propertiesOf finds the three on sockets of this Node; null when they are not all there. */
function findProperties(): Properties | null {
  const bytes = Buffer.alloc(1);
  const take = (): boolean => true;
  const next = (): Uint8Array => bytes;
  const [fixed, changing] = [bytes, next].map((buffer) => new Socket({ onread: { buffer, callback: take } as never }));
  const holding = (socket: Socket, value: unknown): symbol | undefined => {
    const found = Object.getOwnPropertySymbols(socket).filter((key) => (socket as unknown as Open)[key] === value);
    return found.length === 1 ? found[0] : undefined;
  };
  const buffer = holding(fixed!, bytes);
  const takes = holding(fixed!, take);
  const nexts = holding(changing!, next);
  return buffer === undefined || takes === undefined || nexts === undefined
    ? null
    : { buffer, take: takes, next: nexts };
}

const properties = findProperties();

/**
 * reuseReads has an open socket read into `first`, and then into what `next` says. False: it cannot be done for this
 * socket, and nothing has changed.
 */
export function reuseReads(socket: Socket, first: Uint8Array, take: TakeRead, next: NextBuffer): boolean {
  // What Readable holds already would never be seen, and streams that only look like sockets read in ways of their own.
  if (properties === null || socket.readableLength > 0 || Object.getPrototypeOf(socket) !== Socket.prototype)
    return false;
  const open = socket as unknown as Open & { readonly _handle?: Handle | null };
  const handle = open._handle;
  if (!handle || typeof handle.useUserBuffer !== 'function' || open[properties.buffer] !== null) return false;
  handle.useUserBuffer(first);
  open[properties.buffer] = first;
  open[properties.take] = take;
  open[properties.next] = next;
  return true;
}
