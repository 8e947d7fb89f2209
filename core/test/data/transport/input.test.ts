import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { Input, type Taker } from '../../../src/data/transport/input.ts';
import { Output } from '../../../src/data/transport/output.ts';
import { reuseReads } from '../../../src/data/transport/reused-reads.ts';
import { until } from '../fixtures/sockets.ts';

const LIMIT = { timeout: 20_000 };

/** pair is a connection: `near` as a server accepted it, `far` as a client made it. */
async function pair(context: TestContext): Promise<{ near: Socket; far: Socket }> {
  const server = createServer({ allowHalfOpen: true });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const near = await new Promise<Socket>((resolve) => server.once('connection', resolve));
  for (const socket of [near, far]) socket.on('error', () => undefined);
  context.after(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return { near, far };
}

/** Gathers keeps a copy of everything, and the memory in which it came. */
class Gathers implements Taker {
  readonly memory = new Set<ArrayBufferLike>();
  bytes = 0;
  hash = createHash('sha1');

  received(bytes: Buffer, length: number): void {
    this.memory.add(bytes.buffer);
    this.bytes += length;
    this.hash.update(bytes.subarray(0, length));
  }
}

function sha1(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('hex');
}

for (const [way, mayReuse] of [
  ['memory that is used again', true],
  ['`data` events', false],
] as const) {
  test(`an accepted socket read by ${way} gives all bytes in order, and its end`, LIMIT, async (context) => {
    const { near, far } = await pair(context);
    const taker = new Gathers();
    let hasEnded = false;
    near.on('end', () => {
      hasEnded = true;
    });
    new Input(taker).accept(near, mayReuse);
    const sizes = [1, 100, 4096, 4097, 16_384, 16_385, 70_000, 400_000, 3];
    const sent = randomBytes(sizes.reduce((sum, size) => sum + size, 0));
    let at = 0;
    for (const size of sizes) {
      far.write(sent.subarray(at, at + size));
      at += size;
      await until(() => taker.bytes === at);
    }
    assert.equal(taker.hash.digest('hex'), sha1(sent));
    assert.equal(hasEnded, false);
    far.end();
    await until(() => hasEnded);
  });

  test(`an accepted socket read by ${way} stops when it is paused, and goes on`, LIMIT, async (context) => {
    const { near, far } = await pair(context);
    const taker = new Gathers();
    new Input(taker).accept(near, mayReuse);
    far.write('one');
    await until(() => taker.bytes === 3);
    near.pause();
    far.write('two');
    const { near: other, far: asked } = await pair(context);
    other.resume();
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => asked.write('x', resolve));
    assert.equal(taker.bytes, 3);
    near.resume();
    await until(() => taker.bytes === 6);
    assert.equal(taker.hash.digest('hex'), sha1(Buffer.from('onetwo')));
  });

  test(`bytes read by ${way} stay as they are until they are written`, LIMIT, async (context) => {
    const [from, to] = [await pair(context), await pair(context)];
    const feeder = {
      drained: () => from.near.resume(),
      writeFailed: () => undefined,
    };
    const output = new Output(to.near, feeder);
    const received = createHash('sha1');
    let count = 0;
    new Input({
      received(bytes, length) {
        output.bytes(bytes, 0, length);
        output.flush();
        if (output.isFull) from.near.pause();
      },
    }).accept(from.near, mayReuse);
    const sent = randomBytes(8_000_000);
    from.far.write(sent);
    // Nobody reads until every buffer on the way is full.
    await until(() => output.isFull);
    to.far.on('data', (bytes) => {
      received.update(bytes);
      count += bytes.length;
    });
    await until(() => count === sent.length);
    assert.equal(received.digest('hex'), sha1(sent));
  });

  test(`nothing is taken by ${way} once the input is closed`, LIMIT, async (context) => {
    const { near, far } = await pair(context);
    const taker = new Gathers();
    const input = new Input(taker);
    input.accept(near, mayReuse);
    far.write('one');
    await until(() => taker.bytes === 3);
    input.close();
    far.end('two');
    near.resume();
    await new Promise((resolve) => near.once('end', resolve));
    assert.equal(taker.bytes, 3);
  });
}

test('this Node reads accepted sockets into memory that is used again', LIMIT, async (context) => {
  const { near, far } = await pair(context);
  const taker = new Gathers();
  new Input(taker).accept(near);
  assert.equal(near.listenerCount('data'), 0);
  for (let count = 1; count <= 100; count++) {
    far.write('x');
    await until(() => taker.bytes === count);
  }
  assert.equal(taker.memory.size, 1);
});

test(
  'sockets that hold bytes already, or are no sockets of the system, are read by their events',
  LIMIT,
  async (context) => {
    const { near, far } = await pair(context);
    const next = (): undefined => undefined;
    far.write('early');
    await until(() => near.readableLength === 5);
    assert.equal(
      reuseReads(near, Buffer.alloc(10), () => true, next),
      false,
    );
    const taker = new Gathers();
    new Input(taker).accept(near);
    far.write(' and late');
    await until(() => taker.bytes === 14);
    assert.equal(taker.hash.digest('hex'), sha1(Buffer.from('early and late')));
    const duplex = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() }) as unknown as Socket;
    assert.equal(
      reuseReads(duplex, Buffer.alloc(10), () => true, next),
      false,
    );
  },
);
