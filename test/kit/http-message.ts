/**
 * http-message reads HTTP/1.x the strict way (RFC 9112, no leniency) and is the independent judge of what crosses a wire in
 * tests. It shares no code with the gateway, on purpose, and values plainness over speed. Test code.
 *
 * Where the RFC lets a recipient choose between fixing and refusing, this reader refuses.
 */

export type Field = readonly [name: string, value: string];

interface Message {
  readonly version: '1.0' | '1.1';
  readonly fields: readonly Field[];
  readonly body: Buffer;
  readonly trailers: readonly Field[];
  readonly framing: 'none' | 'length' | 'chunked' | 'close';
  /** Sizes of the chunks, without the last one; empty unless `framing` is chunked. */
  readonly chunks: readonly number[];
  /** Where the message ends in the bytes it was read from. */
  readonly end: number;
}

export interface HttpRequest extends Message {
  readonly method: string;
  readonly target: string;
}

export interface HttpAnswer extends Message {
  readonly status: number;
  readonly reason: string;
}

export interface ReadOptions {
  /** Accept (and drop) chunk extensions. Default false: what a gateway sends must not have any. */
  readonly allowExtensions?: boolean;
  /** Accept empty lines before a request line, as RFC 9112 section 2.2 asks of servers. Default false. */
  readonly allowLeadingLines?: boolean;
}

/** Malformed says why bytes are not a strict HTTP/1.x message, and where. */
export class Malformed extends Error {
  readonly at: number;
  constructor(reason: string, at: number) {
    super(`${reason} (at byte ${at})`);
    this.name = 'Malformed';
    this.at = at;
  }
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const TARGET = /^[\x21-\x7e]+$/;
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~!$&'()*+,;=%]+)(?::[0-9]*)?$/;
const DIGITS = /^[0-9]{1,15}$/;

/** fieldsOf returns the values of every field of that name, whatever its case, in order. */
export function fieldsOf(message: { readonly fields: readonly Field[] }, name: string): string[] {
  const wanted = name.toLowerCase();
  return message.fields.filter(([own]) => own.toLowerCase() === wanted).map(([, value]) => value);
}

/** fieldOf returns the only value of a field; undefined when it is absent; throws when there are several. */
export function fieldOf(message: { readonly fields: readonly Field[] }, name: string): string | undefined {
  const values = fieldsOf(message, name);
  if (values.length > 1) throw new Error(`${values.length} fields named ${name}: ${values.join(' | ')}`);
  return values[0];
}

/** readRequest reads the request that begins at `from`; null while it is incomplete; throws Malformed. */
export function readRequest(bytes: Buffer, from = 0, options: ReadOptions = {}): HttpRequest | null {
  let start = from;
  if (options.allowLeadingLines) while (bytes[start] === 13 && bytes[start + 1] === 10) start += 2;
  const head = readHead(bytes, start);
  if (head === null) return null;
  const parts = head.first.split(' ');
  const [method, target, protocol] = parts;
  if (parts.length !== 3 || !TOKEN.test(method!)) throw new Malformed(`bad request line ${quote(head.first)}`, start);
  if (!TARGET.test(target!)) throw new Malformed(`bad target ${quote(target!)}`, start);
  const version = versionOf(protocol!, start);
  const hosts = fieldsOf(head, 'host');
  if (hosts.length > 1 || (hosts.length === 0 && version === '1.1')) {
    throw new Malformed(`${hosts.length} Host fields`, start);
  }
  if (hosts.length === 1 && hosts[0] !== '' && !HOST.test(hosts[0]!))
    throw new Malformed(`bad Host ${quote(hosts[0]!)}`, start);
  const length = framingOf(head.fields, version, start) ?? 0;
  const body = length === 'chunked' ? readChunks(bytes, head.end, options) : readLength(bytes, head.end, length);
  if (body === null) return null;
  const framing = length === 'chunked' ? 'chunked' : fieldsOf(head, 'content-length').length > 0 ? 'length' : 'none';
  return { method: method!, target: target!, version, fields: head.fields, framing, ...body };
}

/** AnswerContext is what an answer's framing depends on besides its own bytes. */
export interface AnswerContext {
  /** The method it answers. Default GET. */
  readonly to?: string;
  /** The sender has ended the stream, so that an answer without a length is complete. */
  readonly isEnded?: boolean;
}

/** readAnswer reads the answer (also a 1xx) that begins at `from`; null while it is incomplete; throws Malformed. */
export function readAnswer(bytes: Buffer, from = 0, context: AnswerContext = {}): HttpAnswer | null {
  const head = readHead(bytes, from);
  if (head === null) return null;
  const line = /^(HTTP\/\d\.\d) ([1-5][0-9][0-9]) (.*)$/.exec(head.first);
  if (line === null) throw new Malformed(`bad status line ${quote(head.first)}`, from);
  const version = versionOf(line[1]!, from);
  const status = Number(line[2]);
  const length = framingOf(head.fields, version, from);
  const rest = { status, reason: line[3]!, version, fields: head.fields };
  const isBodiless = context.to === 'HEAD' || status < 200 || status === 204 || status === 304;
  if (isBodiless) {
    if ((status < 200 || status === 204) && length !== null) throw new Malformed(`a ${status} with a length`, from);
    return { ...rest, framing: 'none', body: Buffer.alloc(0), chunks: [], trailers: [], end: head.end };
  }
  if (length === null) {
    if (context.isEnded !== true) return null;
    return {
      ...rest,
      framing: 'close',
      body: bytes.subarray(head.end),
      chunks: [],
      trailers: [],
      end: bytes.length,
    };
  }
  const body = length === 'chunked' ? readChunks(bytes, head.end, {}) : readLength(bytes, head.end, length);
  return body === null ? null : { ...rest, framing: length === 'chunked' ? 'chunked' : 'length', ...body };
}

/** readAnswerHead reads only a head, for answers whose body never completes; null while it is incomplete. */
export function readAnswerHead(
  bytes: Buffer,
  from = 0,
): { status: number; fields: readonly Field[]; end: number } | null {
  const head = readHead(bytes, from);
  if (head === null) return null;
  return { status: Number(head.first.split(' ')[1]), fields: head.fields, end: head.end };
}

/** Stream is what a whole connection's worth of request bytes came to. */
export interface RequestStream {
  readonly requests: readonly HttpRequest[];
  /** What made the bytes behind the last request malformed; null when they are none, or a good beginning. */
  readonly fault: Malformed | null;
  /** Bytes behind the last complete request. */
  readonly rest: Buffer;
}

/** readRequests reads everything that was sent over one connection. */
export function readRequests(bytes: Buffer, options: ReadOptions = {}): RequestStream {
  const requests: HttpRequest[] = [];
  let at = 0;
  let fault: Malformed | null = null;
  while (at < bytes.length) {
    try {
      const request = readRequest(bytes, at, options);
      if (request === null) break;
      requests.push(request);
      at = request.end;
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      fault = error;
      break;
    }
  }
  return { requests, fault, rest: bytes.subarray(at) };
}

/** quote shows bytes on one line, control bytes escaped. */
export function quote(text: string, limit = 400): string {
  const shown = JSON.stringify(text.slice(0, limit)).replace(
    /[\x7f-\xff]/g,
    (char) => `\\x${char.charCodeAt(0).toString(16)}`,
  );
  return text.length > limit ? `${shown}… (${text.length} bytes)` : shown;
}

interface Head {
  readonly first: string;
  readonly fields: readonly Field[];
  readonly end: number;
}

function readHead(bytes: Buffer, from: number): Head | null {
  const end = bytes.indexOf('\r\n\r\n', from, 'latin1');
  const text = bytes.toString('latin1', from, end === -1 ? bytes.length : end);
  const lines = text.split('\r\n');
  if (end === -1) {
    // The last line is still coming; a CR at its very end may become a CRLF.
    const last = lines.length - 1;
    lines[last] = lines[last]!.replace(/\r$/, '');
  }
  for (const line of lines) {
    if (/[\r\n\0]/.test(line)) throw new Malformed(`a bare CR, LF or NUL in ${quote(line)}`, from);
  }
  if (end === -1) return null;
  return { first: lines[0]!, fields: lines.slice(1).map((line) => readField(line, from)), end: end + 4 };
}

function readField(line: string, at: number): Field {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(colon, 0));
  if (!TOKEN.test(name)) throw new Malformed(`bad field line ${quote(line)}`, at);
  const value = line.slice(colon + 1);
  if (!VALUE.test(value)) throw new Malformed(`control byte in ${quote(line)}`, at);
  return [name, value.replace(/^[\t ]+|[\t ]+$/g, '')];
}

function versionOf(protocol: string, at: number): '1.0' | '1.1' {
  if (protocol === 'HTTP/1.1') return '1.1';
  if (protocol === 'HTTP/1.0') return '1.0';
  throw new Malformed(`bad version ${quote(protocol)}`, at);
}

/** framingOf returns the body's length, `chunked`, or null when the head says neither. */
function framingOf(fields: readonly Field[], version: string, at: number): number | 'chunked' | null {
  const lengths = fieldsOf({ fields }, 'content-length');
  const codings = fieldsOf({ fields }, 'transfer-encoding');
  if (lengths.length + codings.length > 1) {
    throw new Malformed(`framed ${lengths.length} times by length and ${codings.length} times by coding`, at);
  }
  if (codings.length === 1) {
    if (codings[0]!.toLowerCase() !== 'chunked') throw new Malformed(`bad coding ${quote(codings[0]!)}`, at);
    if (version === '1.0') throw new Malformed('chunked in HTTP/1.0', at);
    return 'chunked';
  }
  if (lengths.length === 0) return null;
  if (!DIGITS.test(lengths[0]!)) throw new Malformed(`bad Content-Length ${quote(lengths[0]!)}`, at);
  return Number(lengths[0]);
}

type Body = Pick<Message, 'body' | 'chunks' | 'trailers' | 'end'>;

function readLength(bytes: Buffer, from: number, length: number): Body | null {
  if (bytes.length - from < length) return null;
  return { body: bytes.subarray(from, from + length), chunks: [], trailers: [], end: from + length };
}

function readChunks(bytes: Buffer, from: number, options: ReadOptions): Body | null {
  const pieces: Buffer[] = [];
  const shape = options.allowExtensions
    ? /^([0-9A-Fa-f]{1,12})(?:[\t ]*;[\t\x20-\x7e\x80-\xff]*)?$/
    : /^([0-9A-Fa-f]{1,12})$/;
  let at = from;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at, 'latin1');
    const line = bytes.toString('latin1', at, lineEnd === -1 ? bytes.length : lineEnd);
    if (lineEnd === -1) {
      const begun = line.replace(/\r$/, '');
      if (begun !== '' && !shape.test(begun.replace(/;.*$/, '')))
        throw new Malformed(`bad chunk size ${quote(line)}`, at);
      return null;
    }
    const size = shape.exec(line);
    if (size === null) throw new Malformed(`bad chunk size ${quote(line)}`, at);
    const length = Number.parseInt(size[1]!, 16);
    at = lineEnd + 2;
    if (length === 0) break;
    const after = bytes.toString('latin1', at + length, at + length + 2);
    if (!'\r\n'.startsWith(after)) throw new Malformed(`chunk of ${length} goes on with ${quote(after)}`, at + length);
    if (after.length < 2) return null;
    pieces.push(bytes.subarray(at, at + length));
    at += length + 2;
  }
  const trailers: Field[] = [];
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at, 'latin1');
    if (lineEnd === -1) return null;
    const line = bytes.toString('latin1', at, lineEnd);
    at = lineEnd + 2;
    if (line === '') break;
    if (/[\r\n\0]/.test(line)) throw new Malformed(`a bare CR, LF or NUL in ${quote(line)}`, at);
    trailers.push(readField(line, at));
  }
  return { body: Buffer.concat(pieces), chunks: pieces.map((piece) => piece.length), trailers, end: at };
}
