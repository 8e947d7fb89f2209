/**
 * Descriptor: files by their descriptors, off the event loop. Main thread.
 *
 * Not FileHandle: one that is collected ends the process of an embedder whose gateway did not start.
 */
import { close, fstat, open, write } from 'node:fs';
import { promisify } from 'node:util';

export const openFile = promisify(open) as (path: string, flags: string) => Promise<number>;
export const closeFile = promisify(close);

const statFile = promisify(fstat);

/** sizeOf is how many bytes a file has. */
export async function sizeOf(descriptor: number): Promise<number> {
  return (await statFile(descriptor)).size;
}

const writeTo = promisify(write) as (
  descriptor: number,
  bytes: Buffer,
  from: number,
) => Promise<{ readonly bytesWritten: number }>;

/** writeSome writes some of the bytes from an index on, where the file ends or the pipe takes them, and resolves to how many. */
export async function writeSome(descriptor: number, bytes: Buffer, from: number): Promise<number> {
  return (await writeTo(descriptor, bytes, from)).bytesWritten;
}
