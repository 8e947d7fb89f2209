/**
 * BodySink: where body bytes go. Hot path; data plane.
 */

export interface BodySink {
  /** text takes text whose characters are bytes. */
  text(latin1: string): void;
  /** bytes takes part of a buffer that is lent for the call only, unless the sink keeps it from being reused. */
  bytes(bytes: Buffer, from: number, to: number): void;
  /** Only asked for by WITH_TRAILERS: checked field lines, each with its line end, or ''. Comes behind the last byte. */
  trailers?(lines: string): void;
}
