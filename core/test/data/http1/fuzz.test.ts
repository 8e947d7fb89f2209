import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_PATHS } from '@sluice/dsl/plan';
import fc from 'fast-check';
import { BAD_BODY, BodyFramer } from '../../../src/data/message/body-framer.ts';
import { LiveRequest } from '../../../src/data/message/live-request.ts';
import { CAPITAL_METHODS } from '../../../src/data/message/method.ts';
import { framing, HEAD_NEEDS_MORE, parseRequestHead } from '../../../src/data/message/request-head.ts';
import { parseChunks, parseRequest } from '../fixtures/strict-parser.ts';
import { TextSink } from '../fixtures/text-sink.ts';

const LIMITS = { headBytes: 4096, targetBytes: 1024, headerCount: 50, methods: CAPITAL_METHODS };

type Outcome =
  | { readonly kind: 'refused' }
  | { readonly kind: 'needs more' }
  | {
      readonly kind: 'request';
      readonly method: string;
      readonly target: string;
      readonly content: string;
      end: number;
    };

/** take reads one request as the engine does, in two pieces if `cut` lies within. */
function take(text: string, cut: number): Outcome {
  const request = new LiveRequest();
  const bytes = Buffer.from(text, 'latin1');
  let known = Math.min(cut, bytes.length);
  let behind = parseRequestHead(request, bytes, 0, known, LIMITS, DEFAULT_PATHS);
  if (behind === HEAD_NEEDS_MORE) {
    known = bytes.length;
    behind = parseRequestHead(request, bytes, 0, known, LIMITS, DEFAULT_PATHS);
  }
  if (behind === HEAD_NEEDS_MORE) return { kind: 'needs more' };
  if (behind < 0) return { kind: 'refused' };
  const { method, target } = request;
  const framer = new BodyFramer();
  framer.startBody(framing.mode, framing.length, 0);
  const isChunked = framing.mode === 2;
  const sink = new TextSink();
  let end = framer.feed(bytes, behind, known, sink);
  if (end !== BAD_BODY && !framer.isDone) end = framer.feed(bytes, end, bytes.length, sink);
  if (end === BAD_BODY) return { kind: 'refused' };
  if (!framer.isDone) return { kind: 'needs more' };
  return { kind: 'request', method, target, content: isChunked ? parseChunks(sink.all).content : sink.all, end };
}

/** readStrictly is the same by the other parser. It throws for what it does not take. */
function readStrictly(text: string): { method: string; target: string; content: string; end: number } {
  const { method, target, length, headEnd } = parseRequest(text);
  if (length !== null) {
    if (headEnd + length > text.length) throw new Error('the body is cut off');
    return { method, target, content: text.slice(headEnd, headEnd + length), end: headEnd + length };
  }
  const { content, end } = parseChunks(text, headEnd);
  return { method, target, content, end };
}

const fields = fc.array(
  fc.constantFrom(
    'Host: a',
    'Host: b:80',
    'Content-Length: 5',
    'Content-Length: 0',
    'content-length: 05',
    'Content-Length: 5, 5',
    'Content-Length : 5',
    'Content-Length:5 ',
    'Content-Length: 0x5',
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: Chunked\t',
    'Transfer-Encoding: chunked, chunked',
    'Transfer-Encoding: xchunked',
    'Transfer-Encoding : chunked',
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding:\x0bchunked',
    'X: y',
    ' X: folded',
    'Connection: close, content-length',
    'Connection: transfer-encoding',
    'Expect: 100-continue',
    'X: a\nContent-Length: 3',
    'X: a\rTransfer-Encoding: chunked',
    '',
  ),
  { maxLength: 5 },
);
const bodies = fc.constantFrom(
  '',
  'hello',
  '5\r\nhello\r\n0\r\n\r\n',
  '5;x\r\nhello\r\n0\r\nContent-Length: 3\r\n\r\n',
  '5\nhello\r\n0\r\n\r\n',
  '0\r\n\r\n',
  '0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
  '00000000000000000005\r\nhello\r\n0\r\n\r\n',
  'fffffffffffffffff\r\nhello',
);
const eol = fc.oneof({ weight: 30, arbitrary: fc.constant('\r\n') }, fc.constantFrom('\n', '\r', '\r\r\n', '\n\r'));
const requestLine = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('POST / HTTP/1.1', 'GET /a?b HTTP/1.1', 'PUT /x HTTP/1.0') },
  fc.constantFrom(
    'POST  / HTTP/1.1',
    'POST / HTTP/1.1 ',
    'post / HTTP/1.1',
    'POST /\t HTTP/1.1',
    'POST / HTTP/1.2',
    '\r\nGET / HTTP/1.1',
  ),
);
const wire = fc
  .tuple(requestLine, fields, bodies, fc.array(eol, { minLength: 8, maxLength: 8 }))
  .map(([line, all, body, ends]) => {
    let at = 0;
    const next = () => ends[at++ % ends.length];
    return `${line}${next()}Host: h${next()}${all.map((each) => `${each}${next()}`).join('')}${next()}${body}`;
  });
const mutations = fc.array(
  fc.record({
    at: fc.nat({ max: 400 }),
    remove: fc.nat({ max: 2 }),
    insert: fc.constantFrom(
      '',
      '\r',
      '\n',
      '\r\n',
      ' ',
      '\t',
      ':',
      ',',
      '\0',
      ';',
      '5',
      '-',
      '\x0b',
      '\x85',
      '\xa0',
      'chunked',
      'Host: x\r\n',
    ),
  }),
  { maxLength: 2 },
);

test('whatever is taken for one request is the same request to another strict parser', () => {
  let taken = 0;
  fc.assert(
    fc.property(wire, mutations, fc.nat({ max: 300 }), (text, changes, cut) => {
      let mutated = text;
      for (const { at, remove, insert } of changes) {
        const from = at % (mutated.length + 1);
        mutated = mutated.slice(0, from) + insert + mutated.slice(from + remove);
      }
      const outcome = take(mutated, cut);
      assert.deepEqual(take(mutated, mutated.length), outcome, 'a cut changes nothing');
      if (outcome.kind !== 'request') return;
      taken++;
      const { method, target, content, end } = readStrictly(mutated);
      assert.deepEqual([outcome.method, outcome.target, outcome.content, outcome.end], [method, target, content, end]);
    }),
    { numRuns: 8000 },
  );
  assert.ok(taken > 100, `${taken} of the requests were good ones`);
});
