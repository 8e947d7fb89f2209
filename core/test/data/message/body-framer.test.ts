import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  AS_IS,
  BAD_BODY,
  BodyFramer,
  BY_LENGTH,
  CHUNKED,
  NO_BODY,
  OF_LAX_SERVER,
  OF_SERVER,
  RECHUNKED,
  STRICT,
  UNCHUNKED,
  UNTIL_CLOSE,
} from '../../../src/data/message/body-framer.ts';
import { type Field, parseChunks } from '../fixtures/strict-parser.ts';
import { TextSink } from '../fixtures/text-sink.ts';

interface Fed {
  readonly out: string;
  /** How much of the input belonged to the body; -1: refused. */
  readonly taken: number;
  readonly isDone: boolean;
  readonly contentBytes: number;
}

/** feed hands the text over in pieces that end at `cuts`; each piece is overwritten afterwards, as lent memory may be. */
function feed(
  mode: number,
  output: number,
  text: string,
  cuts: readonly number[] = [],
  length = 0,
  reading = STRICT,
): Fed {
  const framer = new BodyFramer();
  framer.startBody(mode, length, output, reading);
  const sink = new TextSink();
  const ends = [...new Set(cuts.map((cut) => Math.min(cut, text.length)))].sort((one, other) => one - other);
  let from = 0;
  let taken = 0;
  for (const to of [...ends, text.length]) {
    if (to <= from && to !== text.length) continue;
    const piece = Buffer.from(`\0\0${text.slice(from, to)}\r\n`, 'latin1');
    const behind = framer.feed(piece, 2, piece.length - 2, sink);
    if (behind === BAD_BODY) return { out: sink.all, taken: -1, isDone: false, contentBytes: framer.contentBytes };
    piece.fill(0x58);
    taken += behind - 2;
    if (framer.isDone) break;
    assert.equal(behind, 2 + to - from, 'an unfinished body takes everything');
    from = to;
  }
  return { out: sink.all, taken, isDone: framer.isDone, contentBytes: framer.contentBytes };
}

const everyCut = (text: string) => Array.from({ length: text.length }, (_, index) => index + 1);

test('a body by length ends at its length, wherever it is cut, and leaves the rest', () => {
  for (let cut = 0; cut <= 8; cut++) {
    const fed = feed(BY_LENGTH, AS_IS, 'helloGET', [cut], 5);
    assert.deepEqual([fed.out, fed.taken, fed.isDone, fed.contentBytes], ['hello', 5, true, 5], `cut at ${cut}`);
  }
  assert.equal(feed(BY_LENGTH, AS_IS, 'hell', [], 5).isDone, false);
});

test('no body and a length of 0 take nothing', () => {
  for (const mode of [NO_BODY, BY_LENGTH]) {
    const fed = feed(mode, AS_IS, 'GET');
    assert.deepEqual([fed.out, fed.taken, fed.isDone], ['', 0, true]);
  }
});

test('a chunked body is forwarded unchanged', () => {
  const body = '5\r\nhello\r\n00A\r\n0123456789\r\n0\r\n\r\n';
  const fed = feed(CHUNKED, AS_IS, `${body}NEXT`);
  assert.deepEqual([fed.out, fed.taken, fed.isDone, fed.contentBytes], [body, body.length, true, 15]);
});

test('extensions are dropped and trailers kept, whole, at every cut and byte by byte', () => {
  const body = '5 ; a=b\r\nhello\r\n3\r\nabc\r\n0;last="x;y"\r\nX-Sum:  7 \r\n\r\n';
  for (const cuts of [[], everyCut(body), ...everyCut(body).map((cut) => [cut])]) {
    const fed = feed(CHUNKED, AS_IS, `${body}GET /`, cuts);
    assert.deepEqual([fed.taken, fed.isDone], [body.length, true], `cuts ${cuts}`);
    const parsed = parseChunks(fed.out);
    assert.equal(parsed.end, fed.out.length);
    assert.deepEqual([parsed.content, parsed.hasExtensions], ['helloabc', false]);
    assert.deepEqual(parsed.trailers, [['x-sum', '7']]);
  }
});

test('trailers that could reframe or reroute a message do not pass', () => {
  const names =
    'Content-Length,TRANSFER-encoding,Host,Connection,Keep-Alive,Proxy-Connection,Upgrade,TE,Trailer,X-Forwarded-For,Forwarded';
  const section = names
    .split(',')
    .map((name) => `${name}: 5\r\n`)
    .join('');
  const fed = feed(CHUNKED, AS_IS, `0\r\n${section}X-Kept: yes\r\n\r\n`);
  assert.equal(fed.out, '0\r\nX-Kept: yes\r\n\r\n');
});

test('bare content for HTTP/1.0: no sizes, no extensions, no trailers', () => {
  const body = '5;x\r\nhello\r\n1\r\n!\r\n0\r\nX: y\r\n\r\n';
  for (const cuts of [[], everyCut(body), ...everyCut(body).map((cut) => [cut])]) {
    const fed = feed(CHUNKED, UNCHUNKED, `${body}X`, cuts);
    assert.deepEqual([fed.out, fed.taken, fed.isDone], ['hello!', body.length, true], `cuts ${cuts}`);
  }
});

test('an answer that ends with its connection is cut into chunks', () => {
  const framer = new BodyFramer();
  const sink = new TextSink();
  framer.startBody(UNTIL_CLOSE, 0, RECHUNKED);
  for (const piece of ['a', 'bcdefghijklmnopq', '\r\n0\r\n\r\n']) {
    const bytes = Buffer.from(piece, 'latin1');
    assert.equal(framer.feed(bytes, 0, bytes.length, sink), bytes.length);
    assert.equal(framer.feed(bytes, bytes.length, bytes.length, sink), bytes.length);
  }
  assert.equal(framer.isDone, false);
  assert.equal(framer.finish(sink), true);
  assert.deepEqual(parseChunks(sink.all).content, 'abcdefghijklmnopq\r\n0\r\n\r\n');
  assert.equal(parseChunks(sink.all).end, sink.all.length);
});

test('only a body that ends with its connection may end with it', () => {
  for (const [mode, isProper] of [
    [BY_LENGTH, false],
    [CHUNKED, false],
    [UNTIL_CLOSE, true],
  ] as const) {
    const framer = new BodyFramer();
    framer.startBody(mode, 5, AS_IS);
    assert.equal(framer.finish(new TextSink()), isProper);
  }
});

test('bad sizes, terminators and trailers are refused, wherever they are cut', () => {
  const bad: Record<string, string> = {
    'no digits': '\r\nhello\r\n0\r\n\r\n',
    'a sign': '+5\r\nhello\r\n0\r\n\r\n',
    'a minus': '-5\r\nhello\r\n0\r\n\r\n',
    'a prefix': '0x5\r\nhello\r\n0\r\n\r\n',
    'an underscore': '1_0\r\n0123456789abcdef\r\n0\r\n\r\n',
    'a blank first': ' 5\r\nhello\r\n0\r\n\r\n',
    'a blank behind': '5 \r\nhello\r\n0\r\n\r\n',
    'a tab behind': '5\t\r\nhello\r\n0\r\n\r\n',
    'blanks, then no semicolon': '5 x\r\nhello\r\n0\r\n\r\n',
    'a comma': '5,5\r\nhello\r\n0\r\n\r\n',
    'not hexadecimal': 'g\r\nhello\r\n0\r\n\r\n',
    'seventeen digits': '00000000000000005\r\nhello\r\n0\r\n\r\n',
    'more than is exact': 'fffffffffffffff\r\nhello',
    'sixty-four bits': 'ffffffffffffffff\r\nhello',
    'bare LF behind the size': '5\nhello\r\n0\r\n\r\n',
    'bare CR behind the size': '5\rhello\r\n0\r\n\r\n',
    'CR CR LF behind the size': '5\r\r\nhello\r\n0\r\n\r\n',
    'bare LF in an extension': '5;a\nb\r\nhello\r\n0\r\n\r\n',
    'bare CR in an extension': '5;a\rb\r\nhello\r\n0\r\n\r\n',
    'NUL in an extension': '5;\0\r\nhello\r\n0\r\n\r\n',
    'content too long': '5\r\nhello!\r\n0\r\n\r\n',
    'content too short': '5\r\nhell\r\n0\r\n\r\n',
    'bare LF behind the content': '5\r\nhello\n0\r\n\r\n',
    'bare CR behind the content': '5\r\nhello\r0\r\n\r\n',
    'bare LF at the end': '0\r\n\n',
    'bare CR at the end': '0\r\n\rX',
    'folded trailer': '0\r\nA: b\r\n c\r\n\r\n',
    'blank before a trailer’s colon': '0\r\nA : b\r\n\r\n',
    'a trailer without a colon': '0\r\nGET / HTTP/1.1\r\n\r\n',
    'bare LF in a trailer': '0\r\nA: b\nC: d\r\n\r\n',
    'too many trailers': `0\r\n${'A: b\r\n'.repeat(65)}\r\n`,
    'trailers without end': `0\r\nA: ${'b'.repeat(9000)}\r\n\r\n`,
    'extensions without end': `5;${'a'.repeat(5000)}\r\nhello\r\n0\r\n\r\n`,
  };
  for (const [what, text] of Object.entries(bad)) {
    for (const output of [AS_IS, UNCHUNKED]) {
      assert.equal(feed(CHUNKED, output, text).taken, -1, what);
      assert.equal(feed(CHUNKED, output, text, everyCut(text)).taken, -1, `${what}, byte by byte`);
    }
  }
});

test('many small extensions together are refused as one large one is', () => {
  assert.equal(feed(CHUNKED, AS_IS, `1;${'x'.repeat(60)}\r\na\r\n`.repeat(80)).taken, -1);
});

test('a framer can be used for one message after another', () => {
  const framer = new BodyFramer();
  for (const first of ['5;x\r\nhel', '5', '0\r\nA: b', '5\r\nhello\r']) {
    framer.startBody(CHUNKED, 0, AS_IS);
    const bytes = Buffer.from(first, 'latin1');
    framer.feed(bytes, 0, bytes.length, new TextSink());
    const sink = new TextSink();
    framer.startBody(CHUNKED, 0, AS_IS);
    const next = Buffer.from('2\r\nok\r\n0\r\n\r\n', 'latin1');
    assert.equal(framer.feed(next, 0, next.length, sink), next.length);
    assert.equal(sink.all, '2\r\nok\r\n0\r\n\r\n');
  }
});

// Random bodies.

const latin1 = (constraints: { minLength?: number; maxLength?: number }) =>
  fc.uint8Array(constraints).map((bytes) => Buffer.from(bytes).toString('latin1'));

const extension = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  fc.constantFrom(';a', ' ;a=b', '\t;\ta="q;r"', ';', ';x=\xff', ';a;b;c=d'),
);

const chunk = fc
  .tuple(latin1({ minLength: 1, maxLength: 40 }), fc.nat({ max: 4 }), fc.boolean(), extension)
  .map(([content, zeros, isUpper, ext]) => {
    const hex = content.length.toString(16);
    const size = '0'.repeat(zeros) + (isUpper ? hex.toUpperCase() : hex);
    return { content, wire: `${size}${ext}\r\n${content}\r\n` };
  });

const trailer = fc.constantFrom<Field>(
  ['x-a', 'b'],
  ['content-length', '3'],
  ['x-empty', ''],
  ['transfer-encoding', 'chunked'],
  ['x-digest', 'q=1, \xe9'],
);
const FORBIDDEN = new Set(['content-length', 'transfer-encoding']);

const message = fc
  .record({
    chunks: fc.array(chunk, { maxLength: 6 }),
    zeros: fc.integer({ min: 1, max: 4 }),
    ext: extension,
    trailers: fc.array(trailer, { maxLength: 3 }),
  })
  .map(({ chunks, zeros, ext, trailers }) => ({
    content: chunks.map((each) => each.content).join(''),
    trailers: trailers.filter(([name]) => !FORBIDDEN.has(name)),
    wire:
      chunks.map((each) => each.wire).join('') +
      `${'0'.repeat(zeros)}${ext}\r\n${trailers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
  }));

const cuts = fc.array(fc.nat({ max: 400 }), { maxLength: 12 });
const follow = latin1({ maxLength: 6 });

test('random chunked bodies, cut at random, keep their content and end where they end', () => {
  fc.assert(
    fc.property(message, cuts, follow, ({ content, trailers, wire }, at, next) => {
      const fed = feed(CHUNKED, AS_IS, wire + next, at);
      assert.deepEqual([fed.taken, fed.isDone, fed.contentBytes], [wire.length, true, content.length]);
      const parsed = parseChunks(fed.out);
      assert.deepEqual([parsed.content, parsed.hasExtensions, parsed.end], [content, false, fed.out.length]);
      assert.deepEqual(parsed.trailers, trailers);
      const bare = feed(CHUNKED, UNCHUNKED, wire + next, at);
      assert.deepEqual([bare.out, bare.taken], [content, wire.length]);
    }),
    { numRuns: 1500 },
  );
});

const mutation = fc.record({
  at: fc.nat({ max: 300 }),
  remove: fc.nat({ max: 3 }),
  insert: fc.oneof(
    fc.constantFrom(
      '\r',
      '\n',
      '\r\n',
      '0',
      ';',
      ' ',
      '\t',
      'f',
      '+',
      '-',
      '0x',
      '\0',
      '\r\n0\r\n\r\n',
      'A: b',
      ':',
      '\r\r\n',
    ),
    latin1({ maxLength: 2 }),
  ),
});

test('what has been tampered with is refused, or leaves as what another strict parser reads in the input', () => {
  let refused = 0;
  fc.assert(
    fc.property(message, fc.array(mutation, { minLength: 1, maxLength: 3 }), cuts, ({ wire }, mutations, at) => {
      let text = wire;
      for (const { at: place, remove, insert } of mutations) {
        const from = place % (text.length + 1);
        text = text.slice(0, from) + insert + text.slice(from + remove);
      }
      const fed = feed(CHUNKED, AS_IS, text, at);
      const whole = feed(CHUNKED, AS_IS, text);
      assert.deepEqual([fed.taken, fed.isDone], [whole.taken, whole.isDone], 'cuts change no verdict');
      if (!fed.isDone) {
        refused++;
        return;
      }
      const read = parseChunks(text);
      const sent = parseChunks(fed.out);
      assert.equal(read.end, fed.taken);
      assert.deepEqual([sent.content, sent.end, sent.hasExtensions], [read.content, fed.out.length, false]);
    }),
    { numRuns: 3000 },
  );
  assert.ok(refused > 100, `${refused} of the mutations were noticed`);
});

test('whitespace after a chunk size is accepted only with `servers lax`, and not forwarded', () => {
  const text = '5 \r\nhello\r\nA \t ;x=y\r\n0123456789\r\n0  \r\n\r\n';
  const whole = feed(CHUNKED, AS_IS, text, [], 0, OF_LAX_SERVER);
  assert.equal(whole.out, '5\r\nhello\r\na\r\n0123456789\r\n0\r\n\r\n');
  for (const cut of everyCut(text)) {
    const fed = feed(CHUNKED, AS_IS, text, [cut], 0, OF_LAX_SERVER);
    assert.deepEqual([fed.isDone, fed.taken, fed.contentBytes], [true, text.length, 15], `cut at ${cut}`);
    assert.equal(fed.out, whole.out, `cut at ${cut}`);
  }
  for (const reading of [STRICT, OF_SERVER]) assert.equal(feed(CHUNKED, AS_IS, text, [], 0, reading).taken, -1);
  for (const bad of ['5 x\r\nhello\r\n', '5 \nhello\r\n', ' 5\r\nhello\r\n', '5 \r\rhello']) {
    assert.equal(feed(CHUNKED, AS_IS, bad, [], 0, OF_LAX_SERVER).taken, -1, bad);
  }
});

test('whitespace before the colon of a trailer is removed from a response, and refused in a request', () => {
  const text = '1\r\na\r\n0\r\nX-Sum : 5\r\nHost : evil\r\n\r\n';
  for (const cut of everyCut(text)) {
    for (const reading of [OF_SERVER, OF_LAX_SERVER]) {
      const fed = feed(CHUNKED, AS_IS, text, [cut], 0, reading);
      assert.deepEqual([fed.out, fed.taken], ['1\r\na\r\n0\r\nX-Sum: 5\r\n\r\n', text.length], `cut at ${cut}`);
    }
    assert.equal(feed(CHUNKED, AS_IS, text, [cut], 0, STRICT).taken, -1, `cut at ${cut}`);
  }
  const folded = '0\r\nX: a\r\n b\r\n\r\n';
  assert.equal(feed(CHUNKED, AS_IS, folded, [], 0, OF_LAX_SERVER).out, '0\r\nX: a b\r\n\r\n');
  assert.equal(feed(CHUNKED, AS_IS, folded, [], 0, OF_SERVER).taken, -1);
});
