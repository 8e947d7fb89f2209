import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectPlain, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { TlsMode } from '@sluice/core/plugin';
import { certify, makeKey } from '@sluice/plugin-kit/tls';
import { tlsModes } from '../src/data.ts';
import { Termination } from '../src/termination.ts';

const HOST = { listener: 'edge', processSecret: Buffer.alloc(32, 1), protocols: ['h2', 'http/1.1'], refused: () => {} };
const folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
const file = join(folder, 'site.pem');
const key = makeKey();
let server: Server;
let mode: TlsMode;
/** The connections that were accepted, on both sides of the TLS mode. */
let accepted: { raw: Socket; stream: Socket }[] = [];
const waiting: (() => void)[] = [];

before(async () => {
  writeFileSync(file, certify('site.test', key).cert + key);
  server = createServer({ allowHalfOpen: true }, (raw) => {
    const stream = mode.accept(raw, null)!;
    stream.on('end', () => stream.end());
    accepted.push({ raw, stream });
    for (const wake of waiting.splice(0)) wake();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

after(() => {
  server.close();
  for (const { raw } of accepted) raw.destroy();
  rmSync(folder, { recursive: true });
});

function use(options: { min?: string; handshakeMs?: number } = {}): void {
  accepted = [];
  const { min = '1.2', handshakeMs } = options;
  mode = new Termination({ cert: file, min }, HOST, ...(handshakeMs === undefined ? [] : [handshakeMs]));
}

const port = (): number => (server.address() as { port: number }).port;

function open(options: ConnectionOptions = {}): TLSSocket {
  const socket = connect({ host: '127.0.0.1', port: port(), rejectUnauthorized: false, ...options });
  socket.on('error', () => {});
  return socket;
}

async function openPlain(): Promise<Socket> {
  const socket = connectPlain(port(), '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** theFirst is the first accepted connection. */
async function theFirst(): Promise<{ raw: Socket; stream: Socket }> {
  while (accepted.length === 0) await new Promise<void>((resolve) => waiting.push(resolve));
  return accepted[0]!;
}

/** gone resolves when both sides of the TLS mode have closed. */
async function gone(): Promise<void> {
  const { raw, stream } = await theFirst();
  for (const socket of [stream, raw]) if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}

test('the mode is in the data entry under its name', () => {
  assert.ok(tlsModes.terminate!({ cert: file, min: '1.2' }, HOST) instanceof Termination);
});

test('requests are decrypted, and responses are encrypted', async () => {
  use();
  const client = open();
  await once(client, 'secureConnect');
  const { stream } = await theFirst();
  client.write('question');
  assert.equal(String((await once(stream, 'data'))[0]), 'question');
  stream.write('answer');
  assert.equal(String((await once(client, 'data'))[0]), 'answer');
  client.end();
  stream.resume();
  await gone();
});

test('a hello that came before the connection was taken over is not lost', async (t) => {
  use();
  const early = createServer((raw) => {
    raw.once('readable', () => {
      assert.ok(raw.readableLength > 0);
      mode.accept(raw, null)!.end('welcome');
    });
  }).listen(0, '127.0.0.1');
  t.after(() => early.close());
  await once(early, 'listening');
  const client = open({ port: (early.address() as { port: number }).port });
  assert.equal(String((await once(client, 'data'))[0]), 'welcome');
  client.destroy();
});

test('HTTP/2 is preferred to HTTP/1.1, and a client that offers neither gets an alert', async () => {
  for (const [offered, chosen] of [
    [['h2', 'http/1.1'], 'h2'],
    [['http/1.1', 'h2'], 'h2'],
    [['http/1.1'], 'http/1.1'],
  ] as const) {
    use();
    const client = open({ ALPNProtocols: [...offered] });
    await once(client, 'secureConnect');
    assert.equal(client.alpnProtocol, chosen);
    client.destroy();
  }
  use();
  const [error] = await once(open({ ALPNProtocols: ['h3'] }).removeAllListeners('error'), 'error').catch((e) => [e]);
  assert.equal(error.code, 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL');
  await gone();
});

test('a version older than the oldest one is refused with an alert', async () => {
  use({ min: '1.3' });
  const [error] = await once(open({ maxVersion: 'TLSv1.2' }).removeAllListeners('error'), 'error').catch((e) => [e]);
  assert.equal(error.code, 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  await gone();
  use({ min: '1.3' });
  const client = open();
  await once(client, 'secureConnect');
  assert.equal(client.getProtocol(), 'TLSv1.3');
  client.destroy();
  await gone();
});

test('renegotiation is refused, and the connection continues', async () => {
  use();
  const client = open({ maxVersion: 'TLSv1.2' });
  await once(client, 'secureConnect');
  client.removeAllListeners('error');
  client.renegotiate({}, () => {});
  const [error] = await once(client, 'error').catch((thrown) => [thrown]);
  assert.match(error.message, /no renegotiation/);
  client.destroy();
  await gone();
});

const RUBBISH: Readonly<Record<string, Buffer>> = {
  'plain HTTP': Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
  zeros: Buffer.alloc(4096),
  'a broken hello': Buffer.from('16030100050100000100', 'hex'),
  'a record of another kind': Buffer.from('170303000548656c6c6f', 'hex'),
};
for (const [name, bytes] of Object.entries(RUBBISH)) {
  test(`${name} closes the connection`, async () => {
    use();
    const client = await openPlain();
    client.resume().write(bytes);
    await gone();
    await once(client, 'close');
  });
}

test('a client that leaves without a word, or in the middle of its hello, is forgotten', async () => {
  for (const leave of ['resetAndDestroy', 'end'] as const) {
    use();
    (await openPlain())[leave]();
    await gone();
  }
  use();
  const client = await openPlain();
  client.write(Buffer.from('1603010200010001fc', 'hex'), () => client.resetAndDestroy());
  await gone();
});

test('a handshake that takes too long is closed, however often a byte comes', async () => {
  use({ handshakeMs: 60 });
  const client = await openPlain();
  const hello = Buffer.from('1603010200010001fc', 'hex');
  let at = 0;
  const drip = setInterval(() => client.write(hello.subarray(at % hello.length, (at++ % hello.length) + 1)), 10);
  await gone();
  clearInterval(drip);
  client.destroy();
});

test('the time limit ends with the handshake', async (t) => {
  use();
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const client = open();
  await once(client, 'secureConnect');
  const { stream } = await theFirst();
  client.write('x');
  await once(stream, 'data');
  t.mock.timers.tick(60_000);
  assert.equal(stream.destroyed, false);
  client.destroy();
  t.mock.timers.reset();
  await gone();
});

test('invalid data after the handshake closes the connection', async () => {
  use();
  const raw = await openPlain();
  const client = open({ socket: raw });
  await once(client, 'secureConnect');
  const { stream } = await theFirst();
  stream.resume();
  client.write('x');
  await once(stream, 'data');
  raw.write(Buffer.from('17030300100000000000000000000000000000000000', 'hex'));
  await gone();
});

test('a reset goes through to the client', async () => {
  use();
  const client = open();
  await once(client, 'secureConnect');
  const { stream } = await theFirst();
  client.write('x');
  await once(stream, 'data');
  client.removeAllListeners('error');
  stream.resetAndDestroy();
  const [error] = await once(client, 'error').catch((thrown) => [thrown]);
  assert.equal(error.code, 'ECONNRESET');
  await gone();
});

test('a connection keeps the certificate that it began with', async () => {
  use();
  const client = open();
  await once(client, 'secureConnect');
  const { stream } = await theFirst();
  const before = client.getPeerCertificate().fingerprint256;
  writeFileSync(file, certify('site.test', key).cert + key);
  use();
  const next = open();
  await once(next, 'secureConnect');
  assert.notEqual(next.getPeerCertificate().fingerprint256, before);
  client.write('still here');
  assert.equal(String((await once(stream, 'data'))[0]), 'still here');
  client.destroy();
  next.destroy();
  await gone();
});

test('a file that is gone by then is an error with its name', () => {
  assert.throws(() => new Termination({ cert: join(folder, 'gone.pem'), min: '1.2' }, HOST), /gone\.pem/);
});

test('a hello is read for an authority only while one is expected', () => {
  let isExpected = false;
  const proofs = [
    {
      path: null,
      answer: () => null,
      isExpecting: () => isExpected,
      protocol: 'acme-tls/1',
      certificate: () => null,
    },
  ];
  const own = new Termination({ cert: file }, { ...HOST, proofs });
  assert.equal(own.needsHello, false);
  isExpected = true;
  assert.equal(own.needsHello, true);
  const waiting = new Termination({ cert: [], pending: ['a.test'] }, HOST);
  assert.equal(waiting.needsHello, true, 'who asks for a name whose certificate is still to come is closed');
});
