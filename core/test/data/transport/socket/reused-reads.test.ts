import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { reuseReads } from '../../../../src/data/transport/socket/reused-reads.ts';
import { SocketConnection } from '../../../../src/data/transport/socket/socket-connection.ts';
import { until } from '../../fixtures/sockets.ts';
import { Recorder } from '../connection-table.ts';

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

test('this Node reads accepted sockets into memory that is used again', LIMIT, async (context) => {
  const { near, far } = await pair(context);
  const handler = new Recorder();
  const memory = new Set<ArrayBufferLike>();
  handler.take = (bytes) => void memory.add(bytes.buffer);
  new SocketConnection(near).read(handler);
  assert.equal(near.listenerCount('data'), 0);
  for (let count = 1; count <= 100; count++) {
    far.write('x');
    await until(() => handler.bytes === count);
  }
  assert.equal(memory.size, 1);
});

test('a socket that was peeked at is read into memory that is used again afterwards', LIMIT, async (context) => {
  const { near, far } = await pair(context);
  const [peek, handler] = [new Recorder(), new Recorder()];
  const connection = new SocketConnection(near);
  peek.take = (bytes, length) => {
    connection.keep(bytes, 0, length);
    connection.read(handler);
  };
  connection.peek(peek);
  assert.equal(near.listenerCount('data'), 1);
  far.write('early');
  await until(() => handler.bytes === 5);
  assert.equal(near.listenerCount('data'), 0);
  far.write(' and late');
  await until(() => handler.text === 'early and late');
});

test(
  'memory is not used again for sockets that hold bytes already, or are no sockets of the system',
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
    const handler = new Recorder();
    new SocketConnection(near).read(handler);
    far.write(' and late');
    await until(() => handler.text === 'early and late');
    const duplex = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() }) as unknown as Socket;
    assert.equal(
      reuseReads(duplex, Buffer.alloc(10), () => true, next),
      false,
    );
  },
);
