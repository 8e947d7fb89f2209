/**
 * Fuzzing of what HTTP/2 becomes: streams whose fields and bodies were good before something happened to them. Whatever comes, a server
 * that speaks HTTP/1.1 receives well-formed requests only (the kit's own strict reader is the judge), each of them one stream's, once, with that
 * stream's body. And the other way round: whatever an HTTP/2 server answers, an HTTP/1.1 client gets answers that are whole, each its own.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  answering,
  type Choice,
  chooser,
  connectTo,
  eachSeed,
  FLAG,
  FRAME,
  fieldBlock,
  fieldsOf,
  frame,
  Http2Wire,
  isInOneForm,
  ok,
  plainRules,
  quote,
  RawServer,
  readRequests,
  startGateway,
  type Wire,
} from '../kit/index.ts';

const SPLICES = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  '\t',
  ':',
  ',',
  '#',
  '/',
  '%2f',
  '..',
  '//',
  '..;',
  '%e9',
  '%c0%af',
  '.:',
  '\x7f',
  '\xff',
  '+',
  '-',
  '0',
  '5',
  'A',
  '\r\nX-Id: 9\r\n',
  ' HTTP/1.1\r\n\r\n',
  '\r\n\r\nGET /x HTTP/1.1\r\nHost: x\r\n\r\n',
];
const NAMES = [
  'x-a',
  'content-length',
  'transfer-encoding',
  'connection',
  'te',
  'host',
  'cookie',
  'upgrade',
  'expect',
  'trailer',
  'x-forwarded-for',
  ':path',
  ':status',
  'X-B',
  '__proto__',
  'keep-alive',
  'proxy-connection',
  '',
];
const VALUES = [
  'b',
  '5',
  '0',
  '3',
  'chunked',
  'trailers',
  'close',
  'a.test',
  'b.test',
  '100-continue',
  '',
  'websocket',
  '5, 5',
  '+5',
  '0x3',
  '3 ',
  'x'.repeat(300),
];

type Field = [name: string, value: string];

function spliced(text: string, { below, one }: Choice): string {
  const at = below(text.length + 1);
  return text.slice(0, at) + one(SPLICES) + text.slice(below(3) === 0 ? at + 1 : at);
}

/** spoil does one to three things to fields. */
function spoil(fields: Field[], choice: Choice): void {
  const { below, one } = choice;
  for (let changes = 1 + below(3); changes > 0; changes--) {
    const at = below(fields.length);
    switch (below(6)) {
      case 0:
        fields.splice(below(fields.length + 1), 0, [one(NAMES), one(VALUES)]);
        break;
      case 1:
        fields.splice(at, 1);
        break;
      case 2:
        fields[at] = [fields[at]![0], spliced(fields[at]![1], choice)];
        break;
      case 3:
        fields[at] = [spliced(fields[at]![0], choice), fields[at]![1]];
        break;
      case 4:
        fields.push([one(NAMES), one(VALUES)]);
        break;
      default:
        fields.splice(below(fields.length), 0, fields[at]!);
    }
    if (fields.length === 0) return;
  }
}

const stops: (() => Promise<void>)[] = [];
after(async () => {
  for (const stop of stops.reverse()) await stop();
});

const server = await RawServer.start(answering());
const gateway = await startGateway(plainRules([server.address]));
stops.push(() => server.stop(), gateway.stop);

async function requests(seed: number): Promise<void> {
  const choice = chooser(seed);
  const { below, one } = choice;
  server.play(answering(({ target }) => ok(target)));
  const wire = new Http2Wire(await connectTo(gateway.address)).greet();
  const bodies = new Map<string, string>();
  const waiting = new Set<number>();
  for (let stream = 1; stream < 2 * (2 + below(5)); stream += 2) {
    const body = 'x'.repeat(one([0, 0, 1, 3, 5, 40]));
    const fields: Field[] = [
      [':method', one(['GET', 'POST', 'PUT', 'HEAD', 'OPTIONS'])],
      [':scheme', 'http'],
      [':authority', 'a.test'],
      [':path', one(['/', '/a/b?c=d', '*', '/x%20y'])],
      ['x-id', `${seed}-${stream}`],
    ];
    if (body !== '' && below(2) === 0) fields.push(['content-length', String(body.length)]);
    if (below(4) > 0) spoil(fields, choice);
    bodies.set(`${seed}-${stream}`, body);
    waiting.add(stream);
    const isBare = body === '' && below(2) === 0;
    const trailers: Field[] = [['x-t', 'y']];
    const hasTrailers = !isBare && below(4) === 0;
    if (hasTrailers && below(2) === 0) spoil(trailers, choice);
    wire.frame(FRAME.HEADERS, FLAG.END_HEADERS | (isBare ? FLAG.END_STREAM : 0), stream, fieldBlock(fields));
    if (isBare) continue;
    const cut = below(body.length + 1);
    if (cut > 0) wire.frame(FRAME.DATA, 0, stream, body.slice(0, cut));
    wire.frame(FRAME.DATA, hasTrailers ? 0 : FLAG.END_STREAM, stream, body.slice(cut));
    if (hasTrailers) wire.frame(FRAME.HEADERS, FLAG.END_HEADERS | FLAG.END_STREAM, stream, fieldBlock(trailers));
  }
  // Each stream is answered, or reset.
  while (waiting.size > 0) {
    const { type, flags, stream } = await wire.next();
    assert.notEqual(type, FRAME.GOAWAY, `seed ${seed}`);
    const isLast = (type === FRAME.DATA || type === FRAME.HEADERS) && (flags & FLAG.END_STREAM) !== 0;
    if (isLast || type === FRAME.RST_STREAM) waiting.delete(stream);
  }
  wire.wire.destroy();
  const seen = new Set<string>();
  for (const { received } of server.wires) {
    const stream = readRequests(received);
    assert.equal(stream.fault ?? null, null, `seed ${seed}: ${quote(received.toString('latin1'), 2000)}`);
    for (const request of stream.requests) {
      isInOneForm(request, `seed ${seed}`);
      const [id] = fieldsOf(request, 'x-id');
      if (id === undefined || !bodies.has(id)) continue;
      assert.ok(!seen.has(id), `seed ${seed}: ${id} came twice`);
      seen.add(id);
      assert.equal(request.body.toString(), bodies.get(id), `seed ${seed}: another body in ${id}`);
    }
    assert.ok(stream.requests.length <= bodies.size, `seed ${seed}: more requests than streams`);
  }
}

test('streams that were spoilt reach a server as whole requests, or not at all', { timeout: 300_000 }, () =>
  eachSeed([], 400, requests),
);

let script: (stream: number) => Buffer = () => Buffer.alloc(0);
const second = await RawServer.start(async (wire) => {
  await wire.text('SM\r\n\r\n');
  wire.send(frame(FRAME.SETTINGS, 0, 0));
  const peer = new Http2Wire(wire);
  for (;;) {
    const { type, stream } = await peer.next();
    if (type === FRAME.HEADERS) wire.send(script(stream));
  }
});
const front = await startGateway(plainRules([second.address], '', 'protocol http2; timeout response 1s'));
stops.push(() => second.stop(), front.stop);

async function answers(seed: number): Promise<void> {
  const choice = chooser(seed);
  const { below, one } = choice;
  /** What each answer's body was to be; null: it was none. */
  const sent: string[] = [];
  script = (stream) => {
    const body = `<${sent.length}>`.repeat(one([0, 1, 1, 20]));
    sent.push(body);
    const fields: Field[] = [[':status', one(['200', '200', '404', '204', '304', '206'])]];
    if (below(2) === 0) fields.push(['content-length', String(body.length)]);
    fields.push(['x-a', 'b']);
    if (below(3) > 0) spoil(fields, choice);
    const isBare = body === '' && below(2) === 0;
    const cut = below(body.length + 1);
    const pieces = [
      frame(FRAME.HEADERS, FLAG.END_HEADERS | (isBare ? FLAG.END_STREAM : 0), stream, fieldBlock(fields)),
    ];
    if (below(6) === 0)
      pieces.unshift(frame(FRAME.HEADERS, FLAG.END_HEADERS, stream, fieldBlock([[':status', '103']])));
    if (!isBare) {
      if (cut > 0) pieces.push(frame(FRAME.DATA, 0, stream, body.slice(0, cut)));
      pieces.push(frame(FRAME.DATA, FLAG.END_STREAM, stream, body.slice(cut)));
    }
    return Buffer.concat(pieces);
  };
  const wire: Wire = await connectTo(front.address);
  for (let count = 0; count < 4 && wire.ending === 'open'; count++) {
    const method = one(['GET', 'GET', 'HEAD']);
    wire.send(`${method} / HTTP/1.1\r\nHost: a.test\r\n\r\n`);
    let answer: Awaited<ReturnType<Wire['answer']>>;
    try {
      do answer = await wire.answer({ to: method });
      while (answer.status < 200);
    } catch (error) {
      // Broken off: the client can tell.
      if (wire.ending !== 'open') break;
      throw new Error(`seed ${seed}: ${(error as Error).message}`);
    }
    if (answer.status >= 500 || method === 'HEAD' || answer.status === 204 || answer.status === 304) continue;
    // A server that says that nothing comes, and then sends something, has said nothing.
    if (fieldsOf(answer, 'content-length')[0] === '0') continue;
    assert.ok(sent.includes(answer.body.toString()), `seed ${seed}: ${quote(answer.body.toString('latin1'))}`);
    assert.equal(answer.body.toString(), sent.at(-1), `seed ${seed}: another's body`);
  }
  // Nothing is left that a next answer could be taken for.
  if (wire.ending === 'open')
    assert.equal(wire.pending.length, 0, `seed ${seed}: ${quote(wire.pending.toString('latin1'))}`);
  wire.destroy();
}

test('corrupted responses reach a client complete, or recognisably broken', { timeout: 300_000 }, () =>
  eachSeed([], 300, answers),
);
