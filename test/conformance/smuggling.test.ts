/**
 * Request smuggling by its usual names: bytes that two readers could frame differently. Each is refused, the connection is
 * closed, and the server behind never sees a byte (its received bytes are asserted, not just the client's answer).
 *
 * Every case is sent twice: in one piece, and a byte at a time.
 */
import { after, describe, test } from 'node:test';
import { openStage } from '../kit/index.ts';

const stage = await openStage();
after(() => stage.close());

interface Case {
  readonly name: string;
  readonly bytes: string;
  /** Default 400. */
  readonly statuses?: readonly number[];
}

function refuse(cases: readonly Case[]): void {
  for (const { name, bytes, statuses = [400] } of cases) {
    test(`${name}, in one piece`, () => stage.refused(bytes, statuses));
    test(`${name}, a byte at a time`, () => stage.refused(bytes, statuses, 1));
  }
}

/** A request that an attacker would like the server to see. */
const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n';

const post = (fields: readonly string[], body: string, version = '1.1') =>
  `POST /visible HTTP/${version}\r\nHost: a\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n${body}`;

const EMPTY_CHUNKED = '0\r\n\r\n';

describe('CL.TE and TE.CL: both Content-Length and Transfer-Encoding', () => {
  refuse([
    {
      name: 'CL.TE with a hidden request',
      bytes: post(
        [`Content-Length: ${EMPTY_CHUNKED.length + HIDDEN.length}`, 'Transfer-Encoding: chunked'],
        EMPTY_CHUNKED + HIDDEN,
      ),
    },
    {
      name: 'TE.CL with a hidden request',
      bytes: post(
        ['Transfer-Encoding: chunked', 'Content-Length: 4'],
        `${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n${EMPTY_CHUNKED}`,
      ),
    },
    { name: 'both, agreeing', bytes: post(['Content-Length: 5', 'Transfer-Encoding: chunked'], EMPTY_CHUNKED) },
    { name: 'both, a length of zero', bytes: post(['Content-Length: 0', 'Transfer-Encoding: chunked'], EMPTY_CHUNKED) },
    { name: 'an empty coding beside a length', bytes: post(['Content-Length: 3', 'Transfer-Encoding:'], 'abc') },
    { name: 'a blank coding beside a length', bytes: post(['Transfer-Encoding:  \t ', 'Content-Length: 3'], 'abc') },
    {
      name: 'identity beside a length',
      bytes: post(['Transfer-Encoding: identity', 'Content-Length: 3'], 'abc'),
      statuses: [400, 501],
    },
    {
      name: 'an unknown coding beside a length',
      bytes: post(['Transfer-Encoding: xchunked', 'Content-Length: 3'], 'abc'),
      statuses: [400, 501],
    },
    {
      name: 'both on a GET',
      bytes: `GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${EMPTY_CHUNKED}`,
    },
  ]);
});

describe('TE.TE: a coding that only one of two readers takes for chunked', () => {
  const lines: readonly (readonly [name: string, ...fields: string[]])[] = [
    ['blank before the colon', 'Transfer-Encoding : chunked'],
    ['tab before the colon', 'Transfer-Encoding\t: chunked'],
    ['blank before the name', ' Transfer-Encoding: chunked'],
    ['underscore in the name beside a real one', 'Transfer_Encoding: x\0', 'Transfer-Encoding: chunked'],
    ['vertical tab before the value', 'Transfer-Encoding: \x0bchunked'],
    ['vertical tab behind the value', 'Transfer-Encoding: chunked\x0b'],
    ['form feed before the value', 'Transfer-Encoding: \x0cchunked'],
    ['non-breaking blank before the value', 'Transfer-Encoding: \xa0chunked'],
    ['NUL behind the value', 'Transfer-Encoding: chunked\0'],
    ['a bare CR behind the value', 'Transfer-Encoding: chunked\r'],
    ['a bare CR before the value', 'Transfer-Encoding: \rchunked'],
    ['a folded line', 'Transfer-Encoding:\r\n chunked'],
    ['a folded line with a tab', 'Transfer-Encoding:\r\n\tchunked'],
    ['xchunked', 'Transfer-Encoding: xchunked'],
    ['chunkedx', 'Transfer-Encoding: chunkedx'],
    ['chunked-foo', 'Transfer-Encoding: chunked-foo'],
    ['quoted', 'Transfer-Encoding: "chunked"'],
    ['single-quoted', "Transfer-Encoding: 'chunked'"],
    ['a parameter', 'Transfer-Encoding: chunked;q=1'],
    ['chunked, identity', 'Transfer-Encoding: chunked, identity'],
    ['identity, chunked', 'Transfer-Encoding: identity, chunked'],
    ['chunked, chunked', 'Transfer-Encoding: chunked, chunked'],
    ['two lines of chunked', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
    ['two lines, the last unknown', 'Transfer-Encoding: chunked', 'Transfer-Encoding: cow'],
    ['two lines, the first unknown', 'Transfer-Encoding: cow', 'Transfer-Encoding: chunked'],
    ['two lines, one in other case', 'Transfer-Encoding: chunked', 'transfer-encoding: x'],
    ['an empty list element', 'Transfer-Encoding: , chunked'],
    ['a trailing comma', 'Transfer-Encoding: chunked,'],
    ['a semicolon between', 'Transfer-Encoding: x; chunked'],
    ['an empty coding', 'Transfer-Encoding:'],
    ['a name with a blank', 'Transfer Encoding: chunked', 'Transfer-Encoding: chunked'],
    ['a dotless i', 'Transfer-Encod\xfdng: chunked'],
    ['gzip last', 'Transfer-Encoding: chunked, gzip'],
  ];
  refuse(
    lines.map(([name, ...fields]) => ({ name, bytes: post(fields, EMPTY_CHUNKED + HIDDEN), statuses: [400, 501] })),
  );
  refuse([
    { name: 'chunked in HTTP/1.0', bytes: post(['Transfer-Encoding: chunked'], EMPTY_CHUNKED + HIDDEN, '1.0') },
    {
      name: 'a well-formed coding that is not known (501)',
      bytes: post(['Transfer-Encoding: gzip, chunked'], EMPTY_CHUNKED + HIDDEN),
      statuses: [501],
    },
  ]);
});

describe('CL.CL and malformed lengths', () => {
  refuse([
    { name: 'two different lengths', bytes: post(['Content-Length: 0', `Content-Length: ${HIDDEN.length}`], HIDDEN) },
    { name: 'two equal lengths', bytes: post(['Content-Length: 3', 'Content-Length: 3'], 'abc') },
    { name: 'two lengths, names in different case', bytes: post(['Content-Length: 3', 'CONTENT-LENGTH: 0'], 'abc') },
    { name: 'a list of equal lengths', bytes: post(['Content-Length: 3, 3'], 'abc') },
    { name: 'a list of different lengths', bytes: post(['Content-Length: 3,0'], 'abc') },
  ]);
  const lengths: readonly (readonly [name: string, value: string])[] = [
    ['a plus sign', '+3'],
    ['a minus sign', '-3'],
    ['hexadecimal', '0x3'],
    ['a blank between digits', '3 3'],
    ['a tab between digits', '3\t3'],
    ['a fraction', '3.0'],
    ['an exponent', '3e0'],
    ['an underscore', '1_0'],
    ['letters', 'abc'],
    ['digits, then letters', '3abc'],
    ['nothing', ''],
    ['blanks only', '  '],
    ['quotes', '"3"'],
    ['a semicolon', '3;'],
    ['a trailing comma', '3,'],
    ['a NUL', '3\0'],
    ['a vertical tab', '\x0b3'],
    ['more than 2^53', '9007199254740993'],
    ['more than 2^64', '18446744073709551619'],
    ['a hundred digits', '3'.repeat(100)],
    ['infinity', 'Infinity'],
    ['a superscript digit', '\xb3'],
  ];
  refuse(
    lengths.map(([name, value]) => ({
      name: `a length with ${name}`,
      bytes: post([`Content-Length: ${value}`], 'abc'),
    })),
  );
  refuse([
    { name: 'a blank before the colon', bytes: post(['Content-Length : 3'], 'abc') },
    { name: 'a folded length', bytes: post(['Content-Length:\r\n 3'], 'abc') },
    { name: 'a bare CR before the length', bytes: post(['X: a\rContent-Length: 3'], 'abc') },
  ]);
});

describe('bare LF and bare CR as line ends', () => {
  refuse([
    { name: 'LF behind the request line', bytes: `GET / HTTP/1.1\nHost: a\r\n\r\n` },
    { name: 'LF behind a field', bytes: 'GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n' },
    { name: 'LF everywhere', bytes: `GET / HTTP/1.1\nHost: a\n\n${HIDDEN}` },
    { name: 'LF CR LF at the end of the head', bytes: `GET / HTTP/1.1\r\nHost: a\n\r\n${HIDDEN}` },
    { name: 'CR LF LF at the end of the head', bytes: `GET / HTTP/1.1\r\nHost: a\r\n\n${HIDDEN}` },
    { name: 'LF LF inside a value', bytes: `GET / HTTP/1.1\r\nHost: a\r\nX: y\n\n${HIDDEN}` },
    { name: 'CR inside a value', bytes: 'GET / HTTP/1.1\r\nHost: a\r\nX: y\rZ: z\r\n\r\n' },
    { name: 'CR behind the request line', bytes: `GET / HTTP/1.1\rHost: a\r\n\r\n` },
    { name: 'CR CR LF behind a field', bytes: 'GET / HTTP/1.1\r\nHost: a\r\r\n\r\n' },
    { name: 'CR in the target', bytes: 'GET /\r HTTP/1.1\r\nHost: a\r\n\r\n' },
    { name: 'a lone CR before the first line', bytes: '\rGET / HTTP/1.1\r\nHost: a\r\n\r\n' },
  ]);
});

describe('folded lines and blanks around names', () => {
  refuse([
    { name: 'a folded value', bytes: 'GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n' },
    { name: 'a folded value with a tab', bytes: 'GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\tz\r\n\r\n' },
    { name: 'a fold behind the request line', bytes: 'GET / HTTP/1.1\r\n Host: a\r\nHost: b\r\n\r\n' },
    { name: 'a fold of blanks only', bytes: 'GET / HTTP/1.1\r\nHost: a\r\n  \r\n\r\n' },
    { name: 'a folded Host', bytes: 'GET / HTTP/1.1\r\nHost:\r\n a\r\n\r\n' },
    { name: 'a blank before the colon', bytes: 'GET / HTTP/1.1\r\nHost : a\r\n\r\n' },
    { name: 'a tab before the colon', bytes: 'GET / HTTP/1.1\r\nHost: a\r\nX\t: y\r\n\r\n' },
    { name: 'a blank in a name', bytes: 'GET / HTTP/1.1\r\nHost: a\r\nX Y: z\r\n\r\n' },
    { name: 'an empty name', bytes: 'GET / HTTP/1.1\r\nHost: a\r\n: z\r\n\r\n' },
    { name: 'no colon', bytes: 'GET / HTTP/1.1\r\nHost: a\r\nX-Y\r\n\r\n' },
  ]);
  const inNames = '\x00\x01\x08\x0b\x0c\x1f\x7f"(),/;<=>?@[\\]{}\x80\xff';
  refuse(
    [...inNames].map((char) => ({
      name: `${JSON.stringify(char)} in a name`,
      bytes: `GET / HTTP/1.1\r\nHost: a\r\nX${char}Y: z\r\n\r\n`,
    })),
  );
});
