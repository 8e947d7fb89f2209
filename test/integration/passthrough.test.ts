/**
 * TLS that is passed on as it came, in front of real TLS servers: by the name and the protocols that the client's hello says,
 * beside TLS that ends in the gateway, and alone.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect as connectTls, createServer, type Server } from 'node:tls';
import { certify, makeKey } from '@sluice/plugin-kit/tls';
import { connectTo, eventually, Program, skipUnless, startGateway, temporaryFolder } from '../kit/index.ts';

const LIMIT = { timeout: 60_000 };
const folder = temporaryFolder();
const key = makeKey();

function certificate(name: string): string {
  const pem = join(folder, `${name}.pem`);
  writeFileSync(pem, certify(name, key).cert + key);
  return pem;
}

const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close();
});

/** A TLS server that answers any HTTP request with its own name, and otherwise says back what it hears. */
async function tlsServer(name: string, ALPNProtocols = ['http/1.1']): Promise<number> {
  const pem = readFileSync(certificate(name));
  const server = createServer({ key: pem, cert: pem, ALPNProtocols }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (piece) => {
      if (piece.toString('latin1').startsWith('GET')) {
        socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${name.length}\r\nConnection: close\r\n\r\n${name}`);
      } else socket.write(piece);
    });
    socket.on('end', () => socket.end());
  });
  server.on('tlsClientError', () => {});
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

async function fetchBy(name: string, port: number, ...more: string[]): Promise<string> {
  const to = ['--connect-to', `::127.0.0.1:${port}`, '-m', '20', ...more];
  const program = new Program('curl', ['-sk', ...to, `https://${name}/`]);
  await program.exited;
  return program.output;
}

/** Which certificate the client is shown. */
function shown(port: number, servername: string, ALPNProtocols?: string[]): Promise<string> {
  return new Promise((resolve) => {
    const options = { port, host: '127.0.0.1', rejectUnauthorized: false, ...(ALPNProtocols ? { ALPNProtocols } : {}) };
    const socket = connectTls({ ...options, ...(servername === '' ? {} : { servername }) }, () => {
      resolve(String(socket.getPeerCertificate().subject?.CN));
      socket.destroy();
    });
    socket.on('error', () => resolve('nobody'));
  });
}

test('a matching name is passed through undecrypted, and TLS of other names is terminated', {
  ...LIMIT,
  ...skipUnless('curl', 'openssl'),
}, async () => {
  const pay = await tlsServer('pay.example.com');
  const acme = await tlsServer('acme', ['acme-tls/1']);
  const app = await tlsServer('app');
  const { address, gateway, stop } = await startGateway(`listener web on 127.0.0.1:0 {
  tls passthrough to payments when (sni pay.example.com or sni like *.pay.example.com) and ip 127.0.0.0/8
  tls passthrough to acme when alpn acme-tls/1
  tls terminate cert "${certificate('edge')}"
  deny sni denied.example.com
  otherwise send to app
}
backend payments of 127.0.0.1:${pay} { tls passthrough; balance least-connections; stick on ip }
backend acme of 127.0.0.1:${acme}
backend app of 127.0.0.1:${app}
`);
  try {
    assert.equal(await fetchBy('pay.example.com', address.port), 'pay.example.com');
    assert.equal(await fetchBy('PAY.example.com', address.port), 'pay.example.com');
    assert.equal(await shown(address.port, 'pay.example.com'), 'pay.example.com');
    assert.equal(await shown(address.port, 'a.pay.example.com'), 'pay.example.com');
    assert.equal(await shown(address.port, 'other.example.com'), 'edge');
    assert.equal(await shown(address.port, ''), 'edge');
    assert.equal(await shown(address.port, 'other.example.com', ['acme-tls/1']), 'acme');
    assert.match(await fetchBy('denied.example.com', address.port, '-i'), /^HTTP\/2 403/);
    const s_client = new Program('openssl', [
      's_client',
      '-connect',
      `127.0.0.1:${address.port}`,
      '-servername',
      'pay.example.com',
    ]);
    await s_client.printed(/subject=CN ?= ?pay\.example\.com/);
    await s_client.stop();
    const listener = gateway.stats().listeners[0]!;
    assert.equal(listener.counters.connections, 9);
    const { verdict } = await gateway.explain('GET https://pay.example.com/ from 127.0.0.1');
    assert.deepEqual(verdict, { kind: 'send', backend: 'payments', isPassthrough: true });
    const other = await gateway.explain('GET https://pay.example.com/ from 192.0.2.1');
    assert.deepEqual(other.verdict, { kind: 'send', backend: 'app' });
    await eventually('all ends', async () => gateway.stats().listeners[0]!.counters.connectionsClosed === 9);
  } finally {
    await stop();
  }
});

test(
  'a tcp listener passes everything through by name, and connections without TLS are closed and counted',
  LIMIT,
  async () => {
    const a = await tlsServer('a.example.com');
    const b = await tlsServer('b.example.com');
    const log = join(folder, 'access.log');
    const { address, gateway, stop } = await startGateway(`listener web on 127.0.0.1:0 tcp {
  tls passthrough
  deny sni bad.example.com or sni absent
  send to a when sni a.example.com
  otherwise send to b
}
backend a of 127.0.0.1:${a} { tls passthrough }
backend b of 127.0.0.1:1, 127.0.0.1:${b} { retry 2 on connect-failure using another server }
settings { log access json to "${log}" }
`);
    try {
      assert.equal(await shown(address.port, 'a.example.com'), 'a.example.com');
      assert.equal(await shown(address.port, 'else.example.com'), 'b.example.com');
      assert.equal(await shown(address.port, 'bad.example.com'), 'nobody');
      assert.equal(await shown(address.port, ''), 'nobody');
      const plain = await connectTo(address);
      plain.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await plain.closed();
      assert.equal(plain.received.length, 0);
      await eventually('all ends', async () => gateway.stats().listeners[0]!.counters.connectionsClosed === 5);
      const { counters } = gateway.stats().listeners[0]!;
      assert.equal(counters.badRequests, 1);
      assert.equal(counters.denied, 2);
    } finally {
      await stop();
    }
    const lines = readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const seen = lines.map(({ sni, backend }) => `${sni} ${backend}`).sort();
    assert.deepEqual(seen, ['a.example.com a', 'bad.example.com null', 'else.example.com b', 'null null']);
  },
);

test('a hello that comes byte by byte, in records of one byte, is passed on byte for byte', LIMIT, async () => {
  const a = await tlsServer('a.example.com');
  const { address, stop } = await startGateway(`listener web on 127.0.0.1:0 tcp {
  tls passthrough
  send to a when sni a.example.com
  otherwise deny
}
backend a of 127.0.0.1:${a}
`);
  try {
    const { Duplex } = await import('node:stream');
    const { connect } = await import('node:net');
    const raw = connect({ port: address.port, host: '127.0.0.1', noDelay: true });
    let isFirst = true;
    const wire = new Duplex({
      read() {},
      write(piece: Buffer, _encoding, done) {
        if (!isFirst) {
          raw.write(piece, () => done());
          return;
        }
        isFirst = false;
        const bytes: Buffer[] = [];
        for (const octet of piece.subarray(5)) bytes.push(Buffer.of(22, 3, 1, 0, 1, octet));
        const send = (at: number): void => {
          if (at === bytes.length) done();
          else raw.write(bytes[at]!, () => setImmediate(send, at + 1));
        };
        send(0);
      },
    });
    raw.on('data', (piece) => wire.push(piece));
    raw.on('close', () => wire.push(null));
    const got = await new Promise((resolve, reject) => {
      const socket = connectTls({ socket: wire, servername: 'a.example.com', rejectUnauthorized: false }, () => {
        socket.write('hello?');
        socket.on('data', (piece) => resolve(piece.toString()));
      });
      socket.on('error', reject);
    });
    assert.equal(got, 'hello?');
    raw.destroy();
  } finally {
    await stop();
  }
});

test('large bodies go through untouched, both ways, with the end of one side', LIMIT, async () => {
  const a = await tlsServer('a.example.com');
  const { address, stop } = await startGateway(`listener web on 127.0.0.1:0 tcp {
  tls passthrough
  otherwise send to a
}
backend a of 127.0.0.1:${a}
`);
  try {
    const sent = Buffer.alloc(4_000_000, 'x0123456789');
    const socket = connectTls({ port: address.port, host: '127.0.0.1', rejectUnauthorized: false });
    socket.end(sent);
    const pieces: Buffer[] = [];
    for await (const piece of socket) pieces.push(piece as Buffer);
    assert.ok(Buffer.concat(pieces).equals(sent));
  } finally {
    await stop();
  }
});

test('an invalid hello is handled by TLS termination, and gets an alert', LIMIT, async () => {
  const a = await tlsServer('a.example.com');
  const { address, gateway, stop } = await startGateway(`listener web on 127.0.0.1:0 {
  tls passthrough to a when ip 127.0.0.0/8
  tls terminate cert "${certificate('edge')}"
  otherwise deny
}
backend a of 127.0.0.1:${a}
`);
  try {
    // Not TLS; a hello whose lengths lie; a record that is too long.
    for (const bytes of [
      'GET / HTTP/1.1\r\n\r\n',
      '\x16\x03\x01\x00\x05\x01\x00\x00\x01\xff',
      '\x16\x03\x01\xff\xff',
    ]) {
      const client = await connectTo(address);
      client.send(bytes);
      await client.closed();
    }
    // A client that goes away in the midst of its hello.
    const gone = await connectTo(address);
    gone.send('\x16\x03\x01');
    gone.end();
    await gone.closed();
    await eventually('all ends', async () => gateway.stats().listeners[0]!.counters.connectionsClosed === 4);
    assert.equal(gateway.stats().backends[0]!.servers[0]!.counters.connects, 0);
    assert.equal(await shown(address.port, 'any.example.com'), 'a.example.com');
  } finally {
    await stop();
  }
});
