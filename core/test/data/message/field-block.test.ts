import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ALIAS,
  BAD_FIELD,
  BLANK_BEFORE_COLON,
  CONNECTION,
  CONTENT_LENGTH,
  FieldBlock,
  FOLDED_FIELD,
  FORWARDING,
  HOP_BY_HOP,
  HOST,
  hashName,
  NEED_MORE,
  ORDINARY,
  TE,
  TOO_MANY_FIELDS,
  TRANSFER_ENCODING,
} from '../../../src/data/message/field-block.ts';

function scan(text: string, maxCount = 100): { result: number; block: FieldBlock } {
  const block = new FieldBlock();
  const bytes = Buffer.from(text, 'latin1');
  return { result: block.scan(bytes, 0, 0, bytes.length, maxCount), block };
}

test('fields are names, values without the blanks around them, and kinds', () => {
  const text = 'Host: example.com\r\nX-A:\t a b\t \r\nEmpty:\r\nconTENT-length:5\r\nTe: trailers\r\nX-\xff: no\r\n\r\n';
  const good = text.replace('X-\xff: no\r\n', 'X-High: \x80\xff\r\n');
  const { result, block } = scan(good);
  assert.equal(result, good.length);
  const seen = Array.from({ length: block.count }, (_, index) => [
    good.substring(block.lineStart(index), block.nameEnd(index)),
    block.value(index, good),
    block.kind(index),
  ]);
  assert.deepEqual(seen, [
    ['Host', 'example.com', HOST],
    ['X-A', 'a b', ORDINARY],
    ['Empty', '', ORDINARY],
    ['conTENT-length', '5', CONTENT_LENGTH],
    ['Te', 'trailers', TE],
    ['X-High', '\x80\xff', ORDINARY],
  ]);
  assert.equal(scan(text).result, BAD_FIELD, 'a name is a token: nothing above 0x7e');
});

test('an empty block ends immediately, with the index after the empty line', () => {
  assert.equal(scan('\r\n').result, 2);
  assert.equal(scan('\r\nA: b').result, 2);
});

test('what RFC 9112 section 5 forbids is refused', () => {
  const bad: Record<string, string> = {
    'empty name': ': b\r\n\r\n',
    'no colon': 'A\r\n\r\n',
    'bare LF behind a value': 'A: b\nC: d\r\n\r\n',
    'bare LF as the empty line': 'A: b\r\n\n',
    'bare CR in a value': 'A: b\rC: d\r\n\r\n',
    'bare CR as the empty line': 'A: b\r\n\rX',
    'CR CR LF': 'A: b\r\r\n\r\n',
    'NUL in a value': 'A: b\0c\r\n\r\n',
    'NUL in a name': 'A\0: b\r\n\r\n',
    'DEL in a value': 'A: b\x7f\r\n\r\n',
    'escape in a value': 'A: \x1b[31m\r\n\r\n',
    'vertical tab before the colon': 'A\x0b: b\r\n\r\n',
    'separator in a name': 'A(b): c\r\n\r\n',
    'quoted name': '"A": c\r\n\r\n',
    'slash in a name': 'A/B: c\r\n\r\n',
    'NBSP in a name': 'A\xa0: c\r\n\r\n',
  };
  for (const [what, text] of Object.entries(bad)) assert.equal(scan(text).result, BAD_FIELD, what);
  const mendable: Record<string, [number, string]> = {
    'blank before the colon': [BLANK_BEFORE_COLON, 'A : b\r\n\r\n'],
    'tab before the colon': [BLANK_BEFORE_COLON, 'A\t: b\r\n\r\n'],
    'blank in a name': [BLANK_BEFORE_COLON, 'A B: c\r\n\r\n'],
    'folded line': [FOLDED_FIELD, 'A: b\r\n c: d\r\n\r\n'],
    'folded with a tab': [FOLDED_FIELD, 'A: b\r\n\tc\r\n\r\n'],
    'blank first line': [FOLDED_FIELD, ' A: b\r\n\r\n'],
  };
  for (const [what, [result, text]] of Object.entries(mendable)) assert.equal(scan(text).result, result, what);
});

test('a block split anywhere needs more bytes, whatever follows', () => {
  const text = 'Host: a\r\nX-Long-Name:\t value \r\n\r\n';
  const bytes = Buffer.from(text, 'latin1');
  for (let end = 0; end < bytes.length; end++) {
    assert.equal(new FieldBlock().scan(bytes, 0, 0, end, 100), NEED_MORE, `cut at ${end}`);
  }
});

test('no more fields than allowed, and as many as allowed', () => {
  const lines = (count: number) => `${'A: b\r\n'.repeat(count)}\r\n`;
  for (const most of [1, 31, 32, 33, 100]) {
    assert.equal(scan(lines(most), most).block.count, most);
    assert.equal(scan(lines(most + 1), most).result, TOO_MANY_FIELDS);
  }
});

test('more fields than fit at first keep their places', () => {
  const text = `${Array.from({ length: 200 }, (_, index) => `N${index}: v${index}\r\n`).join('')}\r\n`;
  const { block } = scan(text, 256);
  for (let index = 0; index < 200; index++) assert.equal(block.value(index, text), `v${index}`);
});

test('offsets count from the base, not from the buffer', () => {
  const bytes = Buffer.from('GARBAGEGET / HTTP/1.1\r\nHost: a\r\n\r\n', 'latin1');
  const block = new FieldBlock();
  assert.equal(block.scan(bytes, 23, 7, bytes.length, 10), bytes.length);
  assert.equal(block.value(0, bytes.toString('latin1', 7)), 'a');
});

test('names with the hash of another name are not that name', () => {
  // Same length and same 32-bit FNV-1a as the framing fields; found by search.
  const twins: [string, string, number][] = [
    ['content-length', 'x-krqfafeaaaaa', CONTENT_LENGTH],
    ['transfer-encoding', 'x-ayemaacjycaaaaa', TRANSFER_ENCODING],
  ];
  for (const [real, twin, kind] of twins) {
    assert.equal(twin.length, real.length);
    assert.equal(hashName(twin), hashName(real));
    const text = `${twin}: 1\r\n${real.toUpperCase()}: 2\r\n\r\n`;
    const { block } = scan(text);
    assert.equal(block.kind(0), ORDINARY);
    assert.equal(block.kind(1), kind);
    assert.equal(block.isNamed(0, text, real, hashName(real)), false);
    assert.equal(block.isNamed(1, text, real, hashName(real)), true);
    assert.equal(block.isNamed(0, text, twin, hashName(twin)), true);
  }
});

test('names that objects have are only names', () => {
  const text = '__proto__: a\r\nconstructor: b\r\nhasOwnProperty: c\r\n\r\n';
  const { block } = scan(text);
  assert.deepEqual([block.count, block.kind(0), block.kind(1), block.kind(2)], [3, ORDINARY, ORDINARY, ORDINARY]);
});

test('fields that end at this hop, and those that are the gateway’s own, are known in any case and spelling', () => {
  const kinds: Record<string, number> = {
    'KEEP-Alive': HOP_BY_HOP,
    'Proxy-connection': HOP_BY_HOP,
    'HTTP2-Settings': HOP_BY_HOP,
    CONNECTION,
    'x-FORWARDED-for': FORWARDING,
    'X-Forwarded-Proto': FORWARDING,
    'X-Forwarded-Host': FORWARDING,
    'X-Forwarded-Port': FORWARDING,
    'X-Real-IP': FORWARDING,
    Forwarded: FORWARDING,
    'X-Forwarded-Fo': ORDINARY,
    X_Forwarded_Fo: ORDINARY,
    X_Forwarded_For: ALIAS,
    'x-forwarded_for': ALIAS,
    'X.Forwarded.For': ALIAS,
    'X~Real!IP': ALIAS,
    Transfer_Encoding: ALIAS,
    'True-Client-IP': FORWARDING,
    'CF-Connecting-IP': FORWARDING,
  };
  for (const [name, kind] of Object.entries(kinds)) assert.equal(scan(`${name}: x\r\n\r\n`).block.kind(0), kind, name);
});
