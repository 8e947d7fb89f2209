/**
 * Types of Buffer methods that Node has on every Buffer and its types leave out. They skip the encoding look-up of
 * `toString`, which counts on the hot path.
 */
declare global {
  interface Buffer<TArrayBuffer extends ArrayBufferLike = ArrayBufferLike> extends Uint8Array<TArrayBuffer> {
    latin1Slice(start?: number, end?: number): string;
    hexSlice(start?: number, end?: number): string;
    latin1Write(text: string, offset?: number, length?: number): number;
  }
}

export {};
