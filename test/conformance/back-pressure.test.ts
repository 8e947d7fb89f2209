/**
 * Back-pressure: whoever reads slowly slows the sender down; the gateway holds a bounded amount and loses nothing.
 *
 * What the kernel's socket buffers hold on loopback (some 6 MiB each way and hop) is not the gateway's doing, so the bound on what may
 * be under way is generous, and the message far larger than that. The gateway runs in this process, so its memory is here.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { type Address, plainRules, settled, startGateway } from '../kit/index.ts';

const PIECE = Buffer.alloc(256 * 1024, '0123456789abcdef');
const PIECES = 512;
const TOTAL = PIECE.length * PIECES;
const UNDER_WAY = 40 * 1024 * 1024;

/** pour writes the whole message as fast as the socket takes it, and tells how much it has taken. */
function pour(socket: Socket, head: string, frame: (piece: Buffer) => Buffer, tail: string) {
  const hash = createHash('sha1');
  let sent = 0;
  socket.write(head);
  const go = () => {
    while (sent < PIECES) {
      hash.update(PIECE);
      sent++;
      if (!socket.write(frame(PIECE)) && sent < PIECES) return void socket.once('drain', go);
    }
    if (tail !== '') socket.write(tail);
  };
  go();
  return { taken: () => sent * PIECE.length - socket.writableLength, digest: () => hash.digest('hex') };
}

const plain = (piece: Buffer) => piece;
const chunk = (piece: Buffer) =>
  Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]);

/** drink reads a socket to the end of a message of TOTAL bytes behind a head, chunked or not, and returns its digest. */
function drink(socket: Socket, isChunked: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const hash = createHash('sha1');
    let head: Buffer | null = Buffer.alloc(0);
    let body = 0;
    let left = 0;
    let line = '';
    const take = (bytes: Buffer) => {
      hash.update(bytes);
      body += bytes.length;
    };
    const takeChunks = (bytes: Buffer) => {
      let at = 0;
      while (at < bytes.length) {
        if (left > 2) {
          const end = Math.min(bytes.length, at + left - 2);
          take(bytes.subarray(at, end));
          left -= end - at;
          at = end;
        } else if (left > 0) {
          at++;
          left--;
        } else {
          line += String.fromCharCode(bytes[at++]!);
          if (!line.endsWith('\r\n')) continue;
          left = Number.parseInt(line, 16) + 2;
          line = '';
        }
      }
    };
    socket.on('data', (bytes: Buffer) => {
      let rest = bytes;
      if (head !== null) {
        head = Buffer.concat([head, rest]);
        const end = head.indexOf('\r\n\r\n');
        if (end === -1) return;
        rest = head.subarray(end + 4);
        head = null;
      }
      if (isChunked) takeChunks(rest);
      else take(rest);
      if (body === TOTAL) resolve(hash.digest('hex'));
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`closed after ${body} bytes`)));
  });
}

const EXPECTED = (() => {
  const hash = createHash('sha1');
  for (let at = 0; at < PIECES; at++) hash.update(PIECE);
  return hash.digest('hex');
})();

const heldMemory = () => process.memoryUsage().arrayBuffers;

/** play opens a server (its connections go to `serve`) and a gateway before it. */
async function play(serve: (socket: Socket) => void, run: (address: Address) => Promise<void>): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const gateway = await startGateway(plainRules([{ host: '127.0.0.1', port }]));
  try {
    await run(gateway.address);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
    await gateway.stop();
  }
}

for (const isChunked of [false, true]) {
  const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${TOTAL}`;
  const frame = isChunked ? chunk : plain;
  const tail = isChunked ? '0\r\n\r\n' : '';
  const name = isChunked ? 'in chunks' : 'with a length';

  test(`a client that does not read stops the server, and then gets a whole answer (${name})`, async () => {
    let poured: ReturnType<typeof pour> | undefined;
    const serve = (socket: Socket) =>
      void socket.once('data', () => {
        poured = pour(socket, `HTTP/1.1 200 OK\r\n${framing}\r\n\r\n`, frame, tail);
      });
    await play(serve, async (address) => {
      const before = heldMemory();
      const client = connect(address.port, address.host).pause();
      client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      const taken = await settled(() => poured?.taken() ?? Number.NaN);
      assert.ok(taken < UNDER_WAY, `${taken} bytes of ${TOTAL} were taken from the server`);
      assert.ok(heldMemory() - before < UNDER_WAY, 'memory is bounded');
      const whole = drink(client, isChunked);
      client.resume();
      assert.equal(await whole, EXPECTED);
      client.destroy();
    });
  });

  test(`a server that does not read stops the client, and then gets a whole body (${name})`, async () => {
    let wake = () => {};
    let whole: Promise<string> | undefined;
    const serve = (socket: Socket) => {
      socket.pause();
      wake = () => {
        whole = drink(socket, isChunked);
        socket.resume();
      };
    };
    await play(serve, async (address) => {
      const before = heldMemory();
      const client = connect(address.port, address.host);
      const poured = pour(client, `POST / HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n`, frame, tail);
      const taken = await settled(poured.taken);
      assert.ok(taken < UNDER_WAY, `${taken} bytes of ${TOTAL} were taken from the client`);
      assert.ok(heldMemory() - before < UNDER_WAY, 'memory is bounded');
      wake();
      assert.equal(await whole, EXPECTED);
      client.destroy();
    });
  });
}

test('a client that pipelines and never reads stops being read', async () => {
  const serve = (socket: Socket) =>
    void socket.on('data', (bytes: Buffer) => {
      const count = bytes.toString('latin1').split('GET ').length - 1;
      for (let at = 0; at < count; at++) socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${PIECE.length}\r\n\r\n`);
      for (let at = 0; at < count; at++) socket.write(PIECE);
    });
  await play(serve, async (address) => {
    const client = connect(address.port, address.host).pause();
    const requests = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(4096);
    let sent = 0;
    const go = () => {
      while (sent < 512) {
        sent++;
        if (!client.write(requests)) return void client.once('drain', go);
      }
    };
    go();
    await settled(() => sent);
    assert.ok(sent * requests.length - client.writableLength < UNDER_WAY, 'the gateway stopped reading');
    client.destroy();
  });
});
