import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { answering, until } from '../fixtures/sockets.ts';
import { Stage } from '../fixtures/stage.ts';

const LIMIT = { timeout: 60_000 };
const BYTES = 6_000_000;

/** turns lets the event loop go round so many times, so that the other side gets ahead. */
async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left--) await new Promise((resolve) => setImmediate(resolve));
}

function hashOf(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('hex');
}

interface Answer {
  readonly hash: string;
  readonly bytes: number;
}

/** readSlowly reads an answer of known length, with pauses, after the sender has had time to fill every buffer. */
async function readSlowly(socket: Socket, isChunked: boolean): Promise<Answer> {
  const pieces: Buffer[] = [];
  let count = 0;
  let head = -1;
  socket.pause();
  await turns(200);
  for await (const piece of socket) {
    pieces.push(piece as Buffer);
    if (++count % 4 === 0) await turns(3);
    if (head === -1) head = Buffer.concat(pieces).indexOf('\r\n\r\n');
  }
  const body = Buffer.concat(pieces).subarray(head + 4);
  const content = isChunked ? dechunked(body) : body;
  return { hash: hashOf(content), bytes: content.length };
}

function dechunked(body: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.toString('latin1', at, end), 16);
    if (size === 0) {
      assert.equal(body.length, end + 4);
      return Buffer.concat(pieces);
    }
    pieces.push(body.subarray(end + 2, end + 2 + size));
    assert.equal(body.toString('latin1', end + 2 + size, end + 4 + size), '\r\n');
    at = end + 4 + size;
  }
}

/** writeSlowly writes in odd pieces and waits when the socket is full. */
async function writeSlowly(socket: Socket, bytes: Buffer, isChunked: boolean, extension = ''): Promise<void> {
  let at = 0;
  for (let index = 0; at < bytes.length; index++) {
    const size = [1, 100, 4096, 4097, 16_384, 65_536, 131_072, 300_000][index % 8]!;
    const piece = bytes.subarray(at, at + size);
    at += piece.length;
    if (isChunked) socket.write(`${piece.length.toString(16)}${extension}\r\n`);
    const isOpen = socket.write(piece);
    if (isChunked) socket.write('\r\n');
    if (!isOpen) await new Promise((resolve) => socket.once('drain', resolve));
    if (index % 16 === 0) await turns(2);
  }
  if (isChunked) socket.write('0\r\n\r\n');
}

/** receives reads a request's whole body slowly and resolves with its hash. */
async function receives(socket: Socket, isChunked: boolean): Promise<string> {
  const pieces: Buffer[] = [];
  let total = 0;
  let count = 0;
  return new Promise((resolve) => {
    socket.on('data', async (piece: Buffer) => {
      pieces.push(piece);
      total += piece.length;
      const tail = piece.toString('latin1', Math.max(0, piece.length - 5));
      if (isChunked ? tail === '0\r\n\r\n' : total >= BYTES) {
        const all = Buffer.concat(pieces);
        const body = all.subarray(all.indexOf('\r\n\r\n') + 4);
        if (isChunked || body.length >= BYTES) resolve(hashOf(isChunked ? dechunked(body) : body));
      } else if (++count % 8 === 0) {
        socket.pause();
        await turns(3);
        socket.resume();
      }
    });
  });
}

for (const isChunked of [false, true]) {
  const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${BYTES}`;
  const kind = isChunked ? 'chunked' : 'by length';

  test(`large answers (${kind}) reach slow readers intact, many at once`, LIMIT, async (context) => {
    const bodies = Array.from({ length: 6 }, () => randomBytes(BYTES));
    const stage = await Stage.set(context, {
      servers: [
        (wire) =>
          void wire.socket.once('data', async () => {
            const index = Number(/^GET \/(\d)/.exec(wire.received)![1]);
            wire.send(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n`);
            // Extensions make the gateway write sizes anew between lent bytes.
            await writeSlowly(wire.socket, bodies[index]!, isChunked, index % 2 === 0 ? '' : ';x');
          }),
      ],
    });
    await Promise.all(
      bodies.map(async (body, index) => {
        const socket = connect(stage.port, '127.0.0.1');
        socket.write(`GET /${index} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
        const { hash, bytes } = await readSlowly(socket, isChunked);
        assert.deepEqual([bytes, hash], [BYTES, hashOf(body)], `answer ${index}`);
      }),
    );
    await stage.settled();
  });

  test(`large requests (${kind}) reach slow servers intact, many at once`, LIMIT, async (context) => {
    const bodies = Array.from({ length: 4 }, () => randomBytes(BYTES));
    const stage = await Stage.set(context, {
      servers: [
        async (wire) => {
          const hash = await receives(wire.socket, isChunked);
          wire.send(`HTTP/1.1 200 OK\r\nContent-Length: ${hash.length}\r\n\r\n${hash}`);
        },
      ],
    });
    await Promise.all(
      bodies.map(async (body, index) => {
        const client = stage.client();
        client.send(`POST /${index} HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n`);
        await writeSlowly(client.socket, body, isChunked, index % 2 === 0 ? '' : ';x');
        await client.has(hashOf(body));
      }),
    );
    await stage.settled();
  });
}

test('a client that asks on and on without reading gets everything once it reads', LIMIT, async (context) => {
  const stage = await Stage.set(context, { servers: [answering] });
  const client = stage.client();
  const target = `/${'x'.repeat(2000)}`;
  const count = 4000;
  client.socket.pause();
  client.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(count));
  await turns(300);
  client.socket.resume();
  await until(
    () => client.received.length >= count * target.length && client.received.split(target).length === count + 1,
  );
  assert.equal(client.isClosed, false);
});
