/**
 * ConnectionTable: what every implementation of the transport has to do, as tests that are run against each of them. The other side is always
 * Node's own socket. Test code.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ConnectionOptions, connect as connectTls, createSecureContext, TLSSocket } from 'node:tls';
import type { Connection, ConnectionHandler } from '../../../src/data/transport/connection.ts';
import type { Transport } from '../../../src/data/transport/transport.ts';
import type { ServerTls, TlsMode } from '../../../src/plugin/data-entry.ts';
import { NameTable } from '../../../src/shared/tables/name-table.ts';
import { until, Wire } from '../fixtures/sockets.ts';

/** TestedTransport is an implementation, with TLS in the form that it takes. Neither side verifies certificates. */
export interface TestedTransport {
  readonly transport: Transport;
  /** A mode that lets everybody in and reports facts. It takes the ciphers of `ANONYMOUS`, and `h2` and `http/1.1` by ALPN. */
  readonly tlsMode: TlsMode;
  /** A mode that lets nobody in. */
  readonly closedMode: TlsMode;
  readonly serverTls: ServerTls;
}

/** Ciphers that need no certificate. */
export const ANONYMOUS = { ciphers: 'aECDH-NULL:AECDH-AES128-SHA:ADH:@SECLEVEL=0', maxVersion: 'TLSv1.2' } as const;

const LIMIT = { timeout: 30_000 };
/** More than a connection reads ahead of its handler. */
const MUCH = 3_000_000;

/** Recorder is a handler that keeps what it is called with. What else it does is each test's. */
export class Recorder implements ConnectionHandler {
  /** The calls besides `onBytes`, in order. */
  readonly calls: string[] = [];
  text = '';
  bytes = 0;
  /** The sizes of the first pieces. */
  readonly pieces: number[] = [];
  error: Error | null = null;
  tlsError: Error | null = null;
  /** What is done with bytes. */
  take: (bytes: Buffer, length: number) => void = () => undefined;
  room: () => void = () => undefined;
  secure: () => void = () => undefined;

  onOpen(): void {
    this.calls.push('open');
  }

  onSecure(): void {
    this.calls.push('secure');
    this.secure();
  }

  onTlsFailed(error: Error): void {
    this.calls.push('tls failed');
    this.tlsError = error;
  }

  onBytes(bytes: Buffer, length: number): void {
    this.bytes += length;
    if (this.pieces.length < 10) this.pieces.push(length);
    if (this.text.length < 100_000) this.text += bytes.toString('latin1', 0, length);
    this.take(bytes, length);
  }

  onRoom(): void {
    this.calls.push('room');
    this.room();
  }

  onWriteFailed(): void {
    this.calls.push('write failed');
  }

  onEnd(): void {
    this.calls.push('end');
  }

  onClosed(error: Error | null): void {
    this.calls.push('closed');
    this.error = error;
  }

  has(call: string): boolean {
    return this.calls.includes(call);
  }
}

function sha1(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('hex');
}

/** pattern is text of a length, in which no two places look the same for long. */
function pattern(length: number): Buffer {
  return Buffer.alloc(length, Array.from({ length: 4099 }, (_, at) => `${at},`).join(''));
}

/** someTurns waits until loopback would long have brought whatever is on its way. */
async function someTurns(context: TestContext): Promise<void> {
  const server = createServer((socket) => socket.pipe(socket));
  context.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const asked = connect((server.address() as { port: number }).port, '127.0.0.1');
  context.after(() => asked.destroy());
  for (let turn = 0; turn < 50; turn++) {
    asked.write('x');
    await once(asked, 'data');
  }
}

/** testConnections declares the tests. `make` returns the same implementation each time. */
export function testConnections(name: string, make: () => TestedTransport): void {
  /** accepted is a connection that was accepted, and the client at its other end. */
  async function accepted(context: TestContext): Promise<{ near: Connection; far: Wire; tested: TestedTransport }> {
    const tested = make();
    let near: Connection | null = null;
    const listener = tested.transport.listener({
      onAccept: (connection) => {
        near = connection;
      },
      onListenerFailed: (error) => assert.fail(error),
    });
    context.after(() => listener.close());
    await listener.listen({ host: '127.0.0.1', port: 0, isShared: false, isV6Only: false }, 128);
    const far = Wire.open(listener.port);
    await until(() => near !== null);
    context.after(() => {
      near!.destroy();
      far.socket.destroy();
    });
    return { near: near!, far, tested };
  }

  /** dialled is a connection to a server, and the server's end. */
  async function dialled(
    context: TestContext,
    { isSecure = false, handler = new Recorder() } = {},
  ): Promise<{ near: Connection; far: Socket; handler: Recorder; tested: TestedTransport }> {
    const tested = make();
    const server = createServer({ allowHalfOpen: true });
    context.after(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const comes = once(server, 'connection');
    const near = tested.transport.dial({ address: { host: '127.0.0.1', port }, names: null, isSecure }, handler);
    const [far] = (await comes) as [Socket];
    far.on('error', () => undefined);
    context.after(() => {
      near.destroy();
      far.destroy();
    });
    await until(() => handler.has('open'));
    return { near, far, handler, tested };
  }

  /** fill writes until the connection is full; returns how many bytes. */
  function fill(connection: Connection): number {
    const piece = Buffer.alloc(65_536, 0x61);
    let written = 0;
    while (!connection.isFull) {
      connection.bytes(piece, 0, piece.length);
      written += piece.length;
    }
    return written;
  }

  const declare = (what: string, body: (context: TestContext) => Promise<void>): void => {
    test(`${name}: ${what}`, LIMIT, body);
  };

  // Reading.

  for (const way of ['read', 'peek'] as const) {
    declare(`${way} gives bytes of all sizes in order, and then the end, once`, async (context) => {
      const { near, far } = await accepted(context);
      const handler = new Recorder();
      const hash = createHash('sha1');
      handler.take = (bytes, length) => void hash.update(bytes.subarray(0, length));
      near[way](handler);
      const sizes = [1, 100, 4096, 4097, 16_384, 16_385, 70_000, 400_000, 3];
      const sent = randomBytes(sizes.reduce((sum, size) => sum + size, 0));
      let at = 0;
      for (const size of sizes) {
        far.socket.write(sent.subarray(at, at + size));
        at += size;
        await until(() => handler.bytes === at);
      }
      assert.deepEqual(handler.calls, []);
      far.socket.end();
      await until(() => handler.has('end'));
      assert.equal(hash.digest('hex'), sha1(sent));
      await someTurns(context);
      assert.deepEqual(handler.calls, ['end']);
    });
  }

  declare('what came before anybody read is read first', async (context) => {
    const { near, far } = await accepted(context);
    far.send('early');
    await someTurns(context);
    const handler = new Recorder();
    near.read(handler);
    assert.equal(handler.text, '', 'nothing is read before the caller has returned');
    await until(() => handler.text === 'early');
    far.send(' and late');
    await until(() => handler.text === 'early and late');
  });

  for (const way of ['read', 'peek'] as const) {
    declare(`${way} gives nothing while it is paused`, async (context) => {
      const { near, far } = await accepted(context);
      const handler = new Recorder();
      near[way](handler);
      far.send('one');
      await until(() => handler.bytes === 3);
      near.pause();
      far.send('two');
      far.socket.end();
      await someTurns(context);
      assert.equal(handler.text, 'one');
      assert.deepEqual(handler.calls, []);
      near.resume();
      await until(() => handler.has('end'));
      assert.equal(handler.text, 'onetwo');
    });
  }

  declare('a dialled connection can be paused too', async (context) => {
    const { near, far, handler } = await dialled(context);
    far.write('one');
    await until(() => handler.bytes === 3);
    near.pause();
    far.write('two');
    await someTurns(context);
    assert.equal(handler.text, 'one');
    near.resume();
    await until(() => handler.text === 'onetwo');
  });

  declare('what is kept is joined with what follows', async (context) => {
    const { near, far } = await accepted(context);
    const handler = new Recorder();
    const joined: string[] = [];
    handler.take = (bytes, length) => {
      if (!near.hasHeld) near.keep(bytes, 1, length);
      else joined.push(near.joinHeld(bytes, length).toString());
    };
    near.read(handler);
    far.send('abc');
    await until(() => near.hasHeld);
    far.send('def');
    await until(() => joined.length === 1);
    assert.deepEqual(joined, ['bcdef']);
    assert.deepEqual([near.hasHeld, near.isHolding], [false, false]);
  });

  declare('what is held is taken whole and in order, however much it is', async (context) => {
    const { near, far } = await accepted(context);
    const handler = new Recorder();
    near.read(handler);
    handler.take = (bytes, length) => near.hold(bytes, 0, length);
    const sent = randomBytes(MUCH);
    far.socket.write(sent);
    await until(() => handler.bytes >= 65_536);
    await someTurns(context);
    const ahead = handler.bytes;
    assert.ok(ahead < MUCH / 2, `${ahead} bytes were read that nobody took`);
    assert.equal(near.isHolding, true);
    const hash = createHash('sha1');
    handler.take = (bytes, length) => void hash.update(bytes.subarray(0, length));
    hash.update(near.takeHeld()!);
    assert.deepEqual([near.isHolding, near.hasHeld, near.takeHeld()], [false, false, null]);
    await until(() => handler.bytes === MUCH);
    assert.equal(hash.digest('hex'), sha1(sent));
  });

  declare('an end is reported while bytes are held', async (context) => {
    const { near, far, tested } = await accepted(context);
    const handler = new Recorder();
    near.read(handler);
    handler.take = (bytes, length) => near.hold(bytes, 0, length);
    far.socket.end(pattern(200_000));
    await until(() => {
      tested.transport.loop.tick();
      return handler.has('end');
    });
    assert.equal(near.takeHeld()!.length, 200_000);
  });

  declare('what is held when both sides have ended can be taken, all of it', async (context) => {
    const { near, far, tested } = await accepted(context);
    const handler = new Recorder();
    near.read(handler);
    let held: Buffer | null = null;
    handler.take = (bytes, length) => near.hold(bytes, 0, length);
    near.end();
    far.socket.end(pattern(700_000));
    await until(() => {
      tested.transport.loop.tick();
      return handler.has('closed');
    });
    held = near.takeHeld();
    assert.deepEqual([held?.length, handler.calls, handler.error], [700_000, ['end', 'closed'], null]);
  });

  declare('a reset is reported while bytes are held', async (context) => {
    const { near, far, tested } = await accepted(context);
    const handler = new Recorder();
    near.read(handler);
    handler.take = (bytes, length) => near.hold(bytes, 0, length);
    far.socket.write(pattern(MUCH));
    await until(() => handler.bytes >= 65_536);
    await someTurns(context);
    far.socket.resetAndDestroy();
    await until(() => {
      tested.transport.loop.tick();
      return handler.has('closed');
    });
    assert.ok(handler.error !== null);
  });

  // Handing over.

  declare('a handler that replaces itself gets nothing more', async (context) => {
    const { near, far } = await accepted(context);
    const [first, second] = [new Recorder(), new Recorder()];
    first.take = () => near.read(second);
    near.read(first);
    far.send('one');
    await until(() => first.bytes === 3);
    far.socket.end('two');
    await until(() => second.has('end'));
    assert.deepEqual([first.text, second.text, first.calls], ['one', 'two', []]);
  });

  declare('a peek hands on what is not its own, and the next peek too', async (context) => {
    const { near, far } = await accepted(context);
    const [proxy, hello, last] = [new Recorder(), new Recorder(), new Recorder()];
    proxy.take = (bytes, length) => {
      near.keep(bytes, 5, length);
      near.peek(hello);
      assert.equal(hello.bytes, 0, 'the next handler is called when this one has returned');
    };
    hello.take = (bytes, length) => {
      near.keep(bytes, 0, length);
      near.read(last);
    };
    near.peek(proxy);
    far.send('PROXYhello');
    await until(() => last.bytes === 5);
    far.send(' and more');
    await until(() => last.bytes === 14);
    assert.deepEqual([proxy.text, hello.text, last.text], ['PROXYhello', 'hello', 'hello and more']);
    far.socket.end();
    await until(() => last.has('end'));
    assert.deepEqual([proxy.calls, hello.calls, last.calls], [[], [], ['end']]);
  });

  declare('a handler that is replaced between reads leaves what it held to the next', async (context) => {
    const { near, far } = await accepted(context);
    const [first, second] = [new Recorder(), new Recorder()];
    first.take = (bytes, length) => near.hold(bytes, 0, length);
    near.read(first);
    far.send('waits');
    await until(() => near.hasHeld);
    near.read(second);
    assert.equal(second.bytes, 0, 'nothing is read before the caller has returned');
    await until(() => second.text === 'waits');
    assert.deepEqual([near.hasHeld, near.isHolding], [false, false]);
    far.send(' and goes on');
    await until(() => second.text === 'waits and goes on');
  });

  declare('what a handler keeps that its predecessor called is not given to it again', async (context) => {
    const { near, far } = await accepted(context);
    const [sniffer, wire] = [new Recorder(), new Recorder()];
    sniffer.take = (bytes, length) => {
      near.read(wire);
      wire.onBytes(bytes, length);
    };
    wire.take = (bytes, length) => {
      if (wire.bytes === 4) near.keep(bytes, 0, length);
    };
    near.read(sniffer);
    far.send('part');
    await until(() => wire.bytes > 0);
    await someTurns(context);
    assert.deepEqual([wire.text, near.hasHeld, near.takeHeld()?.toString()], ['part', true, 'part']);
  });

  declare('a peek that took everything hands on an empty connection', async (context) => {
    const { near, far } = await accepted(context);
    const [peek, next] = [new Recorder(), new Recorder()];
    peek.take = () => near.read(next);
    near.peek(peek);
    far.send('PROXY');
    await until(() => peek.bytes === 5);
    await someTurns(context);
    assert.equal(next.bytes, 0);
    far.send('rest');
    await until(() => next.text === 'rest');
  });

  declare(
    'a connection that is destroyed while it is handed over gives nothing to the next handler',
    async (context) => {
      const { near, far } = await accepted(context);
      const [peek, next] = [new Recorder(), new Recorder()];
      peek.take = (bytes, length) => {
        near.keep(bytes, 0, length);
        near.read(next);
        near.destroy();
      };
      near.peek(peek);
      far.send('hello');
      await until(() => next.has('closed'));
      assert.deepEqual([next.text, next.calls, peek.calls], ['', ['closed'], []]);
    },
  );

  // Writing.

  declare('text and bytes of all sizes arrive in the order in which they were written', async (context) => {
    const { near, far } = await accepted(context);
    near.read(new Recorder());
    let expected = '';
    for (let round = 0; round < 200; round++) {
      const size = [0, 1, 4096, 4097, 20_000][round % 5]!;
      const bytes = Buffer.alloc(size + 2, 0x61 + (round % 26));
      near.text(`<${round}>\xff`);
      near.bytes(bytes, 1, size + 1);
      expected += `<${round}>\xff${bytes.toString('latin1', 1, size + 1)}`;
      if (round % 3 === 0) near.flush();
    }
    near.flush();
    assert.equal(near.bytesOut, expected.length);
    await until(() => far.received.length >= expected.length);
    assert.ok(far.received === expected);
  });

  declare('what was written leaves at the flush, and is counted as a write then', async (context) => {
    const { near, far } = await accepted(context);
    near.read(new Recorder());
    const { writes } = near;
    near.text('one');
    near.text('two');
    assert.equal(near.writes, writes);
    await someTurns(context);
    assert.equal(far.received, '');
    near.flush();
    assert.equal(near.writes, writes + 1);
    await far.has('onetwo');
  });

  declare('a full connection says once that it has room again, and everything arrives', async (context) => {
    const { near, far } = await accepted(context);
    const handler = new Recorder();
    near.read(handler);
    far.socket.pause();
    const written = fill(near);
    await someTurns(context);
    assert.deepEqual(handler.calls, []);
    far.socket.resume();
    await until(() => far.received.length === written && handler.calls.length > 0);
    assert.deepEqual([handler.calls, near.isFull], [['room'], false]);
  });

  for (const way of ['read', 'peek'] as const) {
    declare(`what ${way} gives and is passed on stays as it is until it has left`, async (context) => {
      const [from, to] = [await accepted(context), await dialled(context)];
      const handler = new Recorder();
      handler.take = (bytes, length) => {
        to.near.bytes(bytes, 0, length);
        to.near.flush();
        if (to.near.isFull) from.near.pause();
      };
      to.handler.room = () => from.near.resume();
      from.near[way](handler);
      const sent = randomBytes(8_000_000);
      from.far.socket.write(sent);
      // Nobody reads until every buffer on the way is full.
      await until(() => to.near.isFull);
      const received = createHash('sha1');
      let count = 0;
      to.far.on('data', (bytes) => {
        received.update(bytes);
        count += bytes.length;
      });
      await until(() => count === sent.length);
      assert.equal(received.digest('hex'), sha1(sent));
    });
  }

  declare('a write that fails is reported, also when the other side had ended before', async (context) => {
    const { near, far } = await accepted(context);
    const handler = new Recorder();
    near.read(handler);
    far.socket.end();
    await until(() => handler.has('end'));
    far.socket.destroy();
    await until(() => {
      near.text('anybody there?');
      near.flush();
      return handler.has('write failed');
    });
    assert.equal(handler.has('room'), false);
  });

  // Ending.

  declare('either side may end first, and the other go on', async (context) => {
    const { near, far } = await accepted(context);
    const handler = new Recorder();
    near.read(handler);
    near.text('said');
    near.end();
    assert.equal(await far.ended(), 'said');
    far.send('still here');
    await until(() => handler.text === 'still here');
    assert.deepEqual([handler.calls, near.isClosed], [[], false]);
    far.socket.end();
    await until(() => handler.has('closed'));
    assert.deepEqual(handler.calls, ['end', 'closed']);
    assert.deepEqual([handler.error, near.isClosed], [null, true]);
  });

  declare('what is written after the other side has ended still arrives', async (context) => {
    const { near, far } = await accepted(context);
    const handler = new Recorder();
    near.read(handler);
    far.socket.end('asked');
    await until(() => handler.has('end'));
    near.text('answered');
    near.end();
    assert.equal(await far.ended(), 'answered');
    await until(() => handler.has('closed'));
    assert.equal(handler.error, null);
  });

  declare('an end comes behind everything that was written before it', async (context) => {
    const { near, far } = await accepted(context);
    near.read(new Recorder());
    far.socket.pause();
    const written = fill(near);
    near.text('last');
    near.end();
    far.socket.resume();
    await until(() => far.hasEnded);
    assert.equal(far.received.length, written + 4);
  });

  declare('a connection that is closed says everything first', async (context) => {
    const { near, far } = await accepted(context);
    const handler = new Recorder();
    near.read(handler);
    near.text('last words');
    near.close();
    assert.equal(await far.ended(), 'last words');
    await until(() => handler.has('closed'));
    assert.equal(handler.error, null);
  });

  declare(
    'a connection that is destroyed is closed without an error, once, and calls nothing else',
    async (context) => {
      const { near, far } = await accepted(context);
      const handler = new Recorder();
      near.read(handler);
      far.socket.pause();
      fill(near);
      near.destroy();
      assert.deepEqual([near.isClosed, handler.calls], [true, []], 'onClosed comes when the caller has returned');
      near.destroy();
      far.socket.resume();
      far.send('anybody there?');
      await until(() => far.isClosed);
      await someTurns(context);
      assert.deepEqual([handler.calls, handler.error, handler.text], [['closed'], null, '']);
    },
  );

  declare('a reset is seen as one by the other side', async (context) => {
    const { near, far } = await accepted(context);
    const handler = new Recorder();
    near.read(handler);
    near.reset();
    await until(() => far.isClosed && handler.has('closed'));
    assert.deepEqual([far.error, handler.error], ['ECONNRESET', null]);
  });

  declare('a reset by the other side closes it with an error', async (context) => {
    const { near, far } = await accepted(context);
    const handler = new Recorder();
    near.read(handler);
    far.send('x');
    await until(() => handler.bytes === 1);
    far.socket.resetAndDestroy();
    await until(() => handler.has('closed'));
    assert.equal((handler.error as NodeJS.ErrnoException).code, 'ECONNRESET');
  });

  declare('a connection that nobody has read yet can be reset by the other side, and destroyed', async (context) => {
    const { near, far } = await accepted(context);
    far.socket.resetAndDestroy();
    await until(() => near.isClosed);
    near.destroy();
  });

  // Facts.

  declare('it knows both addresses, and that there is no TLS', async (context) => {
    const { near, far } = await accepted(context);
    assert.deepEqual(
      [near.remoteAddress, near.remotePort, near.localAddress, near.localPort],
      ['127.0.0.1', far.socket.localPort, '127.0.0.1', far.socket.remotePort],
    );
    assert.deepEqual([near.tls, near.greeting, near.isClosed], [null, null, false]);
    near.greeting = { said: 'hello' };
    near.read(new Recorder());
    assert.deepEqual(near.greeting, { said: 'hello' });
  });

  // TLS.

  const options = (more: ConnectionOptions = {}): ConnectionOptions => ({
    ...ANONYMOUS,
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    ALPNProtocols: ['h2'],
    ...more,
  });

  for (const isPeeked of [false, true]) {
    declare(`TLS is accepted ${isPeeked ? 'behind a peek' : 'at once'}, and is the connection's`, async (context) => {
      const { near, far, tested } = await accepted(context);
      const handler = new Recorder();
      const begin = (): void => {
        assert.equal(near.acceptTls(tested.tlsMode, null), true);
        near.read(handler);
      };
      if (isPeeked) {
        const peek = new Recorder();
        peek.take = (bytes, length) => {
          // The first byte of the hello alone, and then the rest.
          near.keep(bytes, 0, length);
          begin();
        };
        near.peek(peek);
      } else begin();
      far.socket.removeAllListeners('data');
      const client = connectTls({ socket: far.socket, ...options() });
      client.on('error', () => undefined);
      await once(client, 'secureConnect');
      await until(() => handler.has('secure'));
      assert.deepEqual([near.tls?.protocol, near.tls?.isResumed], ['h2', false]);
      assert.equal(near.tls?.facts()?.version, '1.2');
      assert.equal(near.remotePort, far.socket.localPort);
      client.write('hello');
      await until(() => handler.text === 'hello');
      near.text('welcome');
      near.flush();
      assert.equal(String((await once(client, 'data'))[0]), 'welcome');
      near.end();
      client.end();
      await until(() => handler.has('closed'));
      const calls = handler.calls.filter((call) => call !== 'room');
      assert.deepEqual([calls, handler.error], [['secure', 'end', 'closed'], null]);
    });
  }

  declare('over TLS, many writes arrive in order, and the end behind them', async (context) => {
    const { near, far, tested } = await accepted(context);
    const handler = new Recorder();
    near.acceptTls(tested.tlsMode, null);
    near.read(handler);
    far.socket.removeAllListeners('data');
    const client = connectTls({ socket: far.socket, ...options() });
    await once(client, 'secureConnect');
    const pieces = Array.from({ length: 400 }, (_, at) => Buffer.alloc(at % 3 === 0 ? 100 : 40_000, 97 + (at % 26)));
    // Nobody reads yet, so that most of it has to wait.
    for (const piece of pieces) {
      near.bytes(piece, 0, piece.length);
      near.flush();
    }
    assert.ok(near.isFull);
    near.end();
    const got: Buffer[] = [];
    for await (const piece of client) got.push(piece);
    assert.ok(Buffer.concat(got).equals(Buffer.concat(pieces)));
    assert.equal(near.bytesOut, Buffer.concat(pieces).length);
  });

  declare('a TLS mode may let nobody in', async (context) => {
    const { near, far, tested } = await accepted(context);
    assert.equal(near.acceptTls(tested.closedMode, null), false);
    assert.equal(near.tls, null);
    near.destroy();
    assert.equal(await far.ended(), '');
  });

  declare('the connection is found by what its TLS mode is given', async (context) => {
    const { near, tested } = await accepted(context);
    let given: object | null = null;
    near.acceptTls(
      {
        accept: (handle, hello) => {
          given = handle;
          return tested.tlsMode.accept(handle, hello);
        },
      },
      null,
    );
    assert.equal(tested.transport.connectionOf(given!), near);
    assert.equal(tested.transport.connectionOf({}), null);
  });

  /** secured is a connection to a server, over TLS. */
  async function secured(context: TestContext, introduction = '') {
    const { near, far, handler, tested } = await dialled(context, { isSecure: true });
    near.text(introduction);
    near.startTls(tested.serverTls, { backend: 'app', name: 'one', address: { host: '127.0.0.1', port: 1 } }, ['h2']);
    if (introduction !== '') {
      await once(far, 'readable');
      assert.equal(String(far.read(introduction.length)), introduction);
    }
    const stream = new TLSSocket(far, {
      isServer: true,
      secureContext: createSecureContext(ANONYMOUS),
      ALPNProtocols: ['h2'],
    });
    stream.on('error', () => undefined);
    await until(() => handler.has('secure'));
    return { near, far, stream, handler };
  }

  declare('TLS to a server is a property of the connection', async (context) => {
    const { near, stream, handler } = await secured(context);
    assert.deepEqual([handler.calls, near.tls?.protocol, near.tls?.facts()], [['open', 'secure'], 'h2', null]);
    near.text('asked');
    near.flush();
    assert.equal(String((await once(stream, 'data'))[0]), 'asked');
    stream.end('answered');
    await until(() => handler.has('end'));
    assert.equal(handler.text, 'answered');
    near.end();
    await until(() => handler.has('closed'));
    assert.equal(handler.error, null);
  });

  declare('what is written before TLS leaves before it', async (context) => {
    const { handler } = await secured(context, 'PROXY UNKNOWN\r\n');
    assert.deepEqual(handler.calls, ['open', 'secure']);
  });

  declare('an end of TLS is told from an end of the connection below, where that is watched', async (context) => {
    for (const isGood of [true, false]) {
      const { near, far, stream, handler } = await secured(context);
      let isWatched = false;
      handler.take = () => {
        isWatched = near.tls!.watchEnd();
      };
      stream.write('answer');
      await until(() => handler.bytes > 0);
      assert.ok(isWatched);
      if (isGood) stream.end();
      else far.end();
      await until(() => handler.has(isGood ? 'end' : 'closed'));
      assert.equal(handler.has('end'), isGood);
    }
  });

  declare('a failed handshake is reported, and closes', async (context) => {
    const { near, far, handler, tested } = await dialled(context, { isSecure: true });
    near.startTls(tested.serverTls, { backend: 'app', name: 'one', address: { host: '127.0.0.1', port: 1 } }, []);
    far.write('HTTP/1.1 400 Bad Request\r\n\r\n');
    await until(() => handler.has('closed'));
    assert.deepEqual(handler.calls.slice(0, 2), ['open', 'tls failed']);
    assert.match((handler.tlsError as NodeJS.ErrnoException).code ?? '', /^ERR_SSL/);
    assert.equal(handler.has('secure'), false);
  });

  declare('TLS that cannot be begun throws, and calls nothing', async (context) => {
    const { near, handler } = await dialled(context, { isSecure: true });
    const broken: ServerTls = {
      secure: () => {
        throw new Error('no TLS today');
      },
    };
    const server = { backend: 'app', name: 'one', address: { host: '127.0.0.1', port: 1 } };
    assert.throws(() => near.startTls(broken, server, []), /no TLS today/);
    near.destroy();
    await someTurns(context);
    assert.deepEqual(handler.calls, ['open']);
  });

  // Dialling.

  declare('a dialled connection opens, then reads, and knows where it is', async (context) => {
    const { near, far, handler } = await dialled(context);
    assert.equal(near.remotePort, far.localPort);
    assert.deepEqual(near.unreachedAddresses, []);
    near.text('asked');
    near.flush();
    assert.equal(String((await once(far, 'data'))[0]), 'asked');
    far.end('answered');
    await until(() => handler.has('end'));
    assert.equal(handler.text, 'answered');
    assert.deepEqual(handler.calls, ['open', 'end']);
  });

  declare('a server that refuses closes the connection with an error before it was open', async (context) => {
    const { transport } = make();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const handler = new Recorder();
    const near = transport.dial({ address: { host: '127.0.0.1', port }, names: null, isSecure: false }, handler);
    context.after(() => near.destroy());
    await until(() => handler.has('closed'));
    assert.deepEqual(handler.calls, ['closed']);
    assert.equal((handler.error as NodeJS.ErrnoException).code, 'ECONNREFUSED');
  });

  declare('a connection that is given up before it is open is closed without an error', async (context) => {
    const { transport } = make();
    const server = createServer((socket) => socket.on('error', () => undefined));
    context.after(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const handler = new Recorder();
    const near = transport.dial({ address: { host: '127.0.0.1', port }, names: null, isSecure: false }, handler);
    near.destroy();
    await until(() => handler.has('closed'));
    await someTurns(context);
    assert.deepEqual([handler.calls, handler.error], [['closed'], null]);
  });

  declare('of the addresses of a name, one that refuses is passed over, and named', async (context) => {
    const { transport } = make();
    const server = createServer((socket) => socket.on('error', () => undefined));
    context.after(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.2', resolve));
    const { port } = server.address() as { port: number };
    const names = new NameTable(() => 0);
    names.update({ 'app.test': ['127.0.0.3', '127.0.0.2'] });
    const handler = new Recorder();
    const near = transport.dial({ address: { host: 'app.test', port }, names, isSecure: false }, handler);
    context.after(() => near.destroy());
    await until(() => handler.has('open'));
    assert.deepEqual([near.remoteAddress, near.unreachedAddresses], ['127.0.0.2', ['127.0.0.3']]);
  });

  declare('a Unix socket is listened on and dialled, and has no addresses', async (context) => {
    const { transport } = make();
    const folder = mkdtempSync(join(tmpdir(), 'transport-'));
    context.after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'socket');
    const [server, client] = [new Recorder(), new Recorder()];
    let far: Connection | null = null;
    const listener = transport.listener({
      onAccept: (connection) => {
        far = connection;
        connection.read(server);
      },
      onListenerFailed: (error) => assert.fail(error),
    });
    await listener.listen({ path }, 16);
    context.after(() => listener.close());
    assert.equal(listener.port, 0);
    const near = transport.dial({ address: { path }, names: null, isSecure: false }, client);
    context.after(() => {
      near.destroy();
      far?.destroy();
    });
    await until(() => client.has('open') && far !== null);
    assert.deepEqual([near.remoteAddress, far!.remoteAddress], [undefined, undefined]);
    near.text('hello');
    near.flush();
    await until(() => server.text === 'hello');
    far!.reset();
    await until(() => client.has('end') || client.has('closed'));
  });

  // Listening.

  declare('an address in use is an error, and the listener can bind another one', async (context) => {
    const { transport } = make();
    const handler = { onAccept: (connection: Connection) => connection.destroy(), onListenerFailed: () => undefined };
    const [first, second] = [transport.listener(handler), transport.listener(handler)];
    context.after(() => {
      first.close();
      second.close();
    });
    const target = { host: '127.0.0.1', isShared: false, isV6Only: false };
    await first.listen({ ...target, port: 0 }, 16);
    await assert.rejects(second.listen({ ...target, port: first.port }, 16), { code: 'EADDRINUSE' });
    await second.listen({ ...target, port: 0 }, 16);
    assert.ok(second.port > 0 && second.port !== first.port && second.descriptor >= 0);
    second.setBacklog(32);
    await new Wire(connect(second.port, '127.0.0.1')).ended();
  });

  declare('a shared address is bound twice', async (context) => {
    const { transport } = make();
    const handler = { onAccept: (connection: Connection) => connection.destroy(), onListenerFailed: () => undefined };
    const [first, second] = [transport.listener(handler), transport.listener(handler)];
    context.after(() => {
      first.close();
      second.close();
    });
    const target = { host: '127.0.0.1', isShared: true, isV6Only: false };
    await first.listen({ ...target, port: 0 }, 16);
    await second.listen({ ...target, port: first.port }, 16);
    assert.equal(second.port, first.port);
  });

  declare('a closed listener leaves its connections open, and accepts no more', async (context) => {
    const { transport } = make();
    const handler = new Recorder();
    const near: Connection[] = [];
    const listener = transport.listener({
      onAccept: (connection) => {
        near.push(connection);
        connection.read(handler);
      },
      onListenerFailed: (error) => assert.fail(error),
    });
    await listener.listen({ host: '127.0.0.1', port: 0, isShared: false, isV6Only: false }, 16);
    const { port } = listener;
    const far = Wire.open(port);
    await until(() => near.length === 1);
    context.after(() => {
      near[0]!.destroy();
      far.socket.destroy();
    });
    listener.close();
    const late = Wire.open(port);
    await until(() => late.isClosed);
    assert.equal(late.error, 'ECONNREFUSED');
    far.send('still here');
    await until(() => handler.text === 'still here');
  });

  // The loop.

  declare('a task runs in a turn of its own', async () => {
    const { loop } = make().transport;
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      loop.turn(() => {
        order.push('task');
        resolve();
      });
      order.push('caller');
      loop.wake();
    });
    assert.deepEqual(order, ['caller', 'task']);
  });
}
