/**
 * Field: one header field of HTTP/2 as it stands in tables and messages. Hot path; data plane.
 *
 * What a field may be is decided once, when it is made; fields that come out of a table again cost nothing. Names and values
 * become lines of an HTTP/1 head later, so nothing that could end a line or a name gets through (RFC 9113 section 8.2.1).
 */
import { IS_TOKEN, IS_VALUE } from '../../message/octets.ts';

/** Kinds of fields that a message's frame of mind depends on; everything else is ORDINARY. */
export const ORDINARY = 0;
export const METHOD = 1;
export const SCHEME = 2;
export const AUTHORITY = 3;
export const PATH = 4;
export const STATUS = 5;
export const PROTOCOL = 6;
export const HOST = 7;
export const COOKIE = 8;
export const CONTENT_LENGTH = 9;
/** May only say `trailers`. */
export const TE = 10;
/** Not allowed in HTTP/2, or no field at all: the message is malformed. */
export const MALFORMED = 11;

/** Kinds up to this one are pseudo-fields. */
export const LAST_PSEUDO = PROTOCOL;

const KINDS = new Map<string, number>([
  [':method', METHOD],
  [':scheme', SCHEME],
  [':authority', AUTHORITY],
  [':path', PATH],
  [':status', STATUS],
  [':protocol', PROTOCOL],
  ['host', HOST],
  ['cookie', COOKIE],
  ['content-length', CONTENT_LENGTH],
  ['te', TE],
  ['connection', MALFORMED],
  ['proxy-connection', MALFORMED],
  ['keep-alive', MALFORMED],
  ['transfer-encoding', MALFORMED],
  ['upgrade', MALFORMED],
]);

export class Field {
  readonly name: string;
  readonly value: string;
  readonly kind: number;
  /** What it counts in tables and lists, without what every entry costs. */
  readonly octets: number;
  /** `name: value` with its line end; empty for pseudo-fields. */
  readonly line: string;

  constructor(name: string, value: string) {
    this.name = name;
    this.value = value;
    this.octets = name.length + value.length;
    this.kind = isValue(value) ? kindOf(name, value) : MALFORMED;
    this.line = name.charCodeAt(0) === 0x3a ? '' : `${name}: ${value}\r\n`;
  }
}

function kindOf(name: string, value: string): number {
  const kind = KINDS.get(name);
  if (kind === TE) return value === 'trailers' ? TE : MALFORMED;
  if (kind !== undefined) return kind;
  return isName(name) ? ORDINARY : MALFORMED;
}

/** A token without capitals. */
function isName(name: string): boolean {
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at);
    if (IS_TOKEN[code] !== 1 || (code >= 0x41 && code <= 0x5a)) return false;
  }
  return name.length > 0;
}

/** No control bytes but tabs, and no blanks at either end. */
function isValue(value: string): boolean {
  for (let at = 0; at < value.length; at++) if (IS_VALUE[value.charCodeAt(at)] !== 1) return false;
  return value.length === 0 || !(isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(value.length - 1)));
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
