import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connect as connectTls, createSecureContext, TLSSocket } from 'node:tls';
import { type Feeder, Output } from '../../../src/data/transport/output.ts';
import { until } from '../fixtures/sockets.ts';

const LIMIT = { timeout: 20_000 };

/** pair is a connection: `near` to write to, `far` to read from; both are gone after the test. */
async function pair(context: TestContext): Promise<{ near: Socket; far: Socket }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const far = connect(port, '127.0.0.1');
  far.on('error', () => undefined);
  const near = await new Promise<Socket>((resolve) => server.once('connection', resolve));
  near.on('error', () => undefined);
  near.resume();
  context.after(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return { near, far };
}

/** securePair is a pair that speaks TLS. */
async function securePair(context: TestContext): Promise<{ near: TLSSocket; far: TLSSocket }> {
  const { near, far } = await pair(context);
  near.pause();
  // Anonymous ciphers need no certificate.
  const anonymous = { ciphers: 'aECDH-NULL:AECDH-AES128-SHA:ADH:@SECLEVEL=0', maxVersion: 'TLSv1.2' } as const;
  const server = new TLSSocket(near, { isServer: true, secureContext: createSecureContext(anonymous) });
  const client = connectTls({
    socket: far,
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    ...anonymous,
  });
  for (const socket of [server, client]) socket.on('error', () => undefined);
  await once(client, 'secureConnect');
  return { near: server, far: client };
}

/** Counts is a feeder that counts what it is told. */
class Counts implements Feeder {
  rooms = 0;
  failures = 0;

  drained(): void {
    this.rooms++;
  }

  writeFailed(): void {
    this.failures++;
  }
}

/** fill writes until the system takes no more; returns how many bytes were written. */
function fill(output: Output): number {
  const piece = Buffer.alloc(65_536, 0x61);
  let written = 0;
  while (!output.isFull) {
    output.bytes(piece, 0, piece.length);
    written += piece.length;
  }
  return written;
}

test('text and bytes of all sizes arrive in the order in which they were written', LIMIT, async (context) => {
  const { near, far } = await pair(context);
  const output = new Output(near, new Counts());
  let received = '';
  far.on('data', (bytes) => {
    received += bytes.toString('latin1');
  });
  let expected = '';
  for (let round = 0; round < 200; round++) {
    const size = [0, 1, 4096, 4097, 20_000][round % 5]!;
    const bytes = Buffer.alloc(size + 2, 0x61 + (round % 26));
    output.text(`<${round}>\xff`);
    output.bytes(bytes, 1, size + 1);
    expected += `<${round}>\xff${bytes.toString('latin1', 1, size + 1)}`;
    if (round % 3 === 0) output.flush();
  }
  output.flush();
  assert.equal(output.bytesOut, expected.length);
  await until(() => received.length >= expected.length);
  assert.equal(received, expected);
});

test('a full output says when it has room again, and all of it arrives', LIMIT, async (context) => {
  const { near, far } = await pair(context);
  far.pause();
  const counts = new Counts();
  const output = new Output(near, counts);
  const written = fill(output);
  assert.equal(counts.rooms, 0);
  let received = 0;
  far.on('data', (bytes) => {
    received += bytes.length;
  });
  far.resume();
  await until(() => received === written && counts.rooms > 0);
  assert.deepEqual([counts.rooms, counts.failures, output.isFull], [1, 0, false]);
});

test('nobody is told of room in a socket that was destroyed', LIMIT, async (context) => {
  const { near, far } = await pair(context);
  far.pause();
  const counts = new Counts();
  const output = new Output(near, counts);
  fill(output);
  let isClosed = false;
  near.on('close', () => {
    isClosed = true;
  });
  near.destroy();
  await until(() => isClosed && !output.isFull);
  assert.equal(counts.rooms, 0);
});

test('the end comes behind what was written before it', LIMIT, async (context) => {
  const { near, far } = await pair(context);
  far.pause();
  const output = new Output(near, new Counts());
  const written = fill(output);
  near.end();
  let received = 0;
  let hasEnded = false;
  far.on('data', (bytes) => {
    received += bytes.length;
  });
  far.on('end', () => {
    hasEnded = true;
  });
  far.resume();
  await until(() => hasEnded);
  assert.equal(received, written);
});

test(
  'a write that fails is told, also when the other side has ended before, and leaves the output empty',
  LIMIT,
  async (context) => {
    const { near, far } = await pair(context);
    const counts = new Counts();
    const output = new Output(near, counts);
    let hasEnded = false;
    near.on('end', () => {
      hasEnded = true;
    });
    near.allowHalfOpen = true;
    far.destroy();
    await until(() => hasEnded);
    await until(() => {
      output.text('anybody there?');
      output.flush();
      return counts.failures > 0;
    });
    await until(() => !output.isFull);
    assert.equal(counts.rooms, 0);
  },
);

test('a TLS socket gets one write at a time, in order, and its end behind them all', LIMIT, async (context) => {
  const { near, far } = await securePair(context);
  const output = new Output(near, new Counts());
  const pieces = Array.from({ length: 400 }, (_, at) => Buffer.alloc(at % 3 === 0 ? 100 : 40_000, 97 + (at % 26)));
  // Nobody reads yet, so that most of it has to wait.
  for (const piece of pieces) {
    output.bytes(piece, 0, piece.length);
    output.flush();
  }
  assert.ok(output.isFull);
  output.end();
  const got: Buffer[] = [];
  for await (const piece of far) got.push(piece);
  assert.ok(Buffer.concat(got).equals(Buffer.concat(pieces)));
  assert.equal(output.bytesOut, Buffer.concat(pieces).length);
});
