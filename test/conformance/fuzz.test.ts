/**
 * Fuzzing: requests that were valid before something happened to them. Whatever comes, the server behind receives
 * well-formed requests only (the kit's own strict reader is the judge), no more of them than the client's bytes hold when read
 * strictly, and the gateway goes on serving.
 *
 * Runs are made from seeds, so that a failure can be had again: SLUICE_FUZZ_SEED=n runs that one alone, SLUICE_FUZZ_RUNS=n that many.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { answering, openStage, quote, readRequests } from '../kit/index.ts';

const stage = await openStage();
after(() => stage.close());

const VALID = [
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /a/b?c=d HTTP/1.1\r\nHost: shop.example:8080\r\nAccept: */*\r\nCookie: a=b; c=d\r\nConnection: keep-alive\r\n\r\n',
  'POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nX-A: b\r\n\r\nhello world',
  'POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nX-T: 1\r\n\r\n',
  'HEAD /h HTTP/1.1\r\nHost: a\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /old HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n',
  'GET http://a/abs HTTP/1.1\r\nHost: a\r\n\r\n',
  'PUT /up HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc',
  'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
];

const SPLICES = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  '\t',
  '\x0b',
  ':',
  ',',
  ';',
  '0',
  '-',
  '+',
  '\xff',
  '\r\n\r\n',
  '\n\n',
  '%00',
  '%2f',
  '..',
  '//',
  '\r\n ',
  'Content-Length: 0\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: +5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding:\r\n',
  'Transfer-Encoding : chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'Transfer-Encoding: x\r\n',
  'Host: b\r\n',
  'Connection: close\r\n',
  'Connection: host, content-length\r\n',
  'Upgrade: h2c\r\n',
  'Expect: 100-continue\r\n',
  'Trailer: x\r\n',
  '0\r\n\r\n',
  'GET /x HTTP/1.1\r\nHost: x\r\n\r\n',
  'HTTP/1.0',
  'HTTP/2.0',
  'ffffffffffffffff\r\n',
  '__proto__: x\r\n',
  'X: '.padEnd(5000, 'x'),
];

/** random is mulberry32: small, seeded, good enough to choose with. */
function random(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** mutate makes one run's bytes: one to three valid requests in a row, changed in one to four places. */
function mutate(seed: number): { bytes: string; pieces: number } {
  const next = random(seed);
  const below = (limit: number) => Math.floor(next() * limit);
  const one = <T>(of: readonly T[]) => of[below(of.length)]!;
  let bytes = Array.from({ length: 1 + below(3) }, () => one(VALID)).join('');
  for (let changes = 1 + below(4); changes > 0; changes--) {
    const at = below(bytes.length);
    const end = at + below(8);
    const line = bytes.lastIndexOf('\r\n', at) + 2;
    switch (below(7)) {
      case 0:
        bytes = bytes.slice(0, at) + one(SPLICES) + bytes.slice(at);
        break;
      case 1:
        bytes = bytes.slice(0, at) + bytes.slice(end);
        break;
      case 2:
        bytes = bytes.slice(0, at) + String.fromCharCode(below(256)) + bytes.slice(at + 1);
        break;
      case 3:
        bytes = bytes.slice(0, end) + bytes.slice(at);
        break;
      case 4:
        bytes = bytes.slice(0, at + 1);
        break;
      default:
        bytes = bytes.slice(0, line) + one(SPLICES) + bytes.slice(line);
    }
  }
  return { bytes, pieces: one([0, 0, 1, 7]) };
}

async function run(seed: number): Promise<void> {
  const { bytes, pieces } = mutate(seed);
  stage.server.play(answering());
  const client = await stage.client();
  if (pieces > 0) await client.sendInPieces(bytes, pieces);
  else client.send(bytes);
  client.end();
  await client.closed();
  await stage.probe();
  stage.clear();
  const strict = readRequests(Buffer.from(bytes, 'latin1'), { allowExtensions: true, allowLeadingLines: true });
  const what = `seed ${seed}: ${quote(bytes, 2000)}\nthe server saw ${quote(stage.server.received, 2000)}`;
  let seen = -1;
  for (const wire of stage.server.wires) {
    const { requests, fault } = readRequests(wire.received);
    assert.equal(fault, null, what);
    seen += requests.length;
  }
  assert.ok(seen <= strict.requests.length, `${seen} requests out of ${strict.requests.length}; ${what}`);
}

/** Seeds that found something once. */
const KEPT: readonly number[] = [];

const only = process.env.SLUICE_FUZZ_SEED;
const runs = Number(process.env.SLUICE_FUZZ_RUNS ?? 1500);

test('mutated requests never reach a server malformed, and never stop the gateway', async () => {
  if (only !== undefined) return run(Number(only));
  for (const seed of KEPT) await run(seed);
  for (let seed = 1; seed <= runs; seed++) await run(seed);
});
