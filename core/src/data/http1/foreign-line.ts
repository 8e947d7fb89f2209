/**
 * ForeignLine: whether a connection that cannot be served began with a line of some other protocol. Data plane; only looked at where a first
 * request is refused.
 *
 * Who gets the first line of HTTP wrong is told so in HTTP/1.1. Who speaks another protocol, or a broken preface of HTTP/2, would not understand the answer
 * (RFC 9113 section 3.4), so there is none.
 */
import { isStandardMethod } from '../message/method.ts';
import { LF } from '../message/octets.ts';

/** A line that is longer is none. */
const MOST_BYTES = 256;
const LINE = /^([!-~]+) ([!-~]+) ([!-~]+)\r?$/;
const TARGET = /^[/*]|:/;
const VERSION = /^http/i;

/** isForeign: these bytes begin with a whole line of three words of which none could be meant for HTTP/1. */
export function isForeign(bytes: Buffer, at: number, end: number): boolean {
  const lineEnd = bytes.subarray(at, Math.min(end, at + MOST_BYTES)).indexOf(LF);
  if (lineEnd === -1) return false;
  const words = LINE.exec(bytes.latin1Slice(at, at + lineEnd));
  return words !== null && !isStandardMethod(words[1]!) && !TARGET.test(words[2]!) && !VERSION.test(words[3]!);
}
