/**
 * TLS that ends at the gateway: real clients through it, rubbish at it, certificates renewed and wrong.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { Authority, authorityFor, certify, hasOpenssl, makeKey } from '@sluice/plugin-kit/tls';
import { pino } from 'pino';
import { createGateway, type Gateway } from 'sluice';
import {
  type Address,
  answering,
  connectTo,
  eventually,
  fieldOf,
  ok,
  Program,
  RawServer,
  skipUnless,
  sluice,
  startGateway,
  temporaryFolder,
  Wire,
} from '../kit/index.ts';

const folder = temporaryFolder();
const pem = join(folder, 'site.pem');
const key = makeKey();

/** renew writes a new certificate for the same key. */
function renew(): void {
  writeFileSync(pem, certify('site.test', key).cert + key);
}

function rulesFor(server: Address, tls = `tls terminate cert "${pem}"`, more = ''): string {
  return `listener web on 127.0.0.1:0 {
  ${tls}
  ${more}
  deny 403 when scheme http
  set header X-Scheme to "{scheme}"
  otherwise send to app
}
backend app of ${server.host}:${server.port}
`;
}

/** openTls shakes hands and gives the connection as a wire. */
async function openTls(
  address: Address,
  options: ConnectionOptions = {},
): Promise<{ wire: Wire; socket: TLSSocket; fingerprint: string }> {
  const socket = connect({ ...address, rejectUnauthorized: false, ...options });
  await once(socket, 'secureConnect');
  return { wire: new Wire(socket), socket, fingerprint: socket.getPeerCertificate().fingerprint256 };
}

const GET = 'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n';

/** openOn is the number of connections that a listener has open. */
const openOn = (gateway: Gateway): number => gateway.stats().listeners[0]!.openConnections;

/** allClosed waits until nothing is open any more. */
const allClosed = (gateway: Gateway) => eventually('all connections to be closed', () => openOn(gateway) === 0);

renew();

describe('real clients', () => {
  const big = randomBytes(6_000_000);
  const digest = (of: Buffer) => createHash('sha256').update(of).digest('hex');
  let server: Server;
  let gateway: Awaited<ReturnType<typeof startGateway>>;

  before(async () => {
    server = createServer((request, response) => {
      if (request.url === '/big') return void response.end(big);
      if (request.url === '/fields') return void response.end(JSON.stringify(request.headers));
      const hash = createHash('sha256');
      request.on('data', (piece) => hash.update(piece)).on('end', () => response.end(hash.digest('hex')));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    gateway = await startGateway(rulesFor({ host: '127.0.0.1', port }));
  });

  after(async () => {
    await gateway?.stop();
    server.closeAllConnections();
    server.close();
  });

  async function curl(...args: string[]): Promise<string> {
    const program = new Program('curl', ['-sSk', '--http1.1', '--max-time', '20', ...args]);
    const { code } = await program.exited;
    assert.equal(code, 0, program.output);
    return program.output;
  }

  const url = (path: string): string => `https://127.0.0.1:${gateway.address.port}${path}`;
  const saved = join(folder, 'saved');

  test('with curl, the server is told that it was https', skipUnless('curl'), async () => {
    const fields = JSON.parse(await curl(url('/fields')));
    assert.equal(fields['x-forwarded-proto'], 'https');
    assert.match(fields.forwarded, /proto=https/);
    assert.equal(fields['x-scheme'], 'https');
  });

  test('curl asks twice over one connection', skipUnless('curl'), async () => {
    const shown = ['-o', saved, '-o', saved, '-w', '%{http_code} %{num_connects} '];
    assert.equal(await curl(...shown, url('/one'), url('/two')), '200 1 200 0 ');
  });

  test('a large answer comes through byte for byte', skipUnless('curl'), async () => {
    await curl('-o', saved, url('/big'));
    assert.equal(digest(readFileSync(saved)), digest(big));
  });

  test('a large answer comes through to a client that reads slowly', async () => {
    const { wire, socket } = await openTls(gateway.address);
    socket.pause();
    wire.send('GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await eventually('the answer to wait for its reader', () => socket.readableLength > 0);
    socket.resume();
    assert.equal(digest((await wire.answer()).body), digest(big));
    wire.destroy();
  });

  test('a large upload comes through byte for byte', skipUnless('curl'), async () => {
    const file = join(folder, 'upload');
    writeFileSync(file, big);
    assert.equal(await curl('--data-binary', `@${file}`, url('/hash')), digest(big));
  });

  test('with openssl s_client', skipUnless('openssl'), async () => {
    const to = `127.0.0.1:${gateway.address.port}`;
    const client = spawn('openssl', ['s_client', '-quiet', '-connect', to, '-servername', 'site.test']);
    let output = '';
    client.stdout.setEncoding('latin1').on('data', (text) => {
      output += text;
    });
    client.stdin.write('GET /fields HTTP/1.1\r\nHost: site.test\r\nConnection: close\r\n\r\n');
    await once(client, 'close');
    assert.match(output, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(output, /"x-forwarded-proto":"https"/);
  });

  test(
    'the gateway closes TLS before the connection, so that no client mistakes the response for truncated',
    skipUnless('openssl'),
    async () => {
      for (const path of ['/fields', '/big']) {
        const client = new Program('sh', [
          '-c',
          `printf 'GET ${path} HTTP/1.0\\r\\n\\r\\n' | openssl s_client -ign_eof -connect 127.0.0.1:${gateway.address.port}`,
        ]);
        await client.exited;
        assert.match(client.output, /HTTP\/1\.1 200 OK/);
        // OpenSSL prints this when the other side is gone without a close_notify.
        assert.doesNotMatch(client.output, /unexpected eof/);
      }
    },
  );

  test('explain agrees with live traffic about the scheme', async () => {
    const { verdict } = await gateway.gateway.explain({ request: `GET ${url('/')} from 198.51.100.7` });
    assert.equal(verdict.kind, 'send');
  });
});

describe('a handshake that comes to nothing', () => {
  const told: string[] = [];
  let gateway: Gateway;
  let address: Address;
  let server: RawServer;

  before(async () => {
    server = await RawServer.start();
    const logger = pino({ level: 'info' }, { write: (line) => void told.push(JSON.parse(line).msg) });
    gateway = await createGateway({ rules: rulesFor(server.address), threads: 0, logger });
    await gateway.start();
    address = gateway.addresses().web as Address;
  });
  after(async () => {
    await gateway?.stop({ deadline: '1s' });
    await server?.stop();
  });

  async function isTold(reason: RegExp, failures: number): Promise<void> {
    await eventually(`${reason}`, () => told.some((line) => reason.test(line)));
    assert.equal(gateway.stats().listeners[0]!.counters.tlsFailures, failures);
  }

  test('no version in common', async () => {
    const old: ConnectionOptions = { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' };
    await assert.rejects(openTls(address, old), { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
    await isTold(/^TLS handshake with a client of listener web failed: no version of TLS in common$/, 1);
  });

  test('no cipher in common', async () => {
    const old: ConnectionOptions = { maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA' };
    await assert.rejects(openTls(address, old), /handshake failure/);
    await isTold(/: no cipher in common$/, 2);
  });

  test('no protocol in common', async () => {
    await assert.rejects(openTls(address, { ALPNProtocols: ['imap'] }), /no application protocol/);
    await isTold(/: no protocol in common \(ALPN\)$/, 3);
  });

  test('HTTP in the clear', async () => {
    const client = await connectTo(address);
    client.send(GET);
    await client.closed();
    assert.doesNotMatch(client.received.toString('latin1'), /HTTP/);
    await isTold(/: it speaks HTTP without TLS$/, 4);
  });

  test('bytes that are nothing', async () => {
    const client = await connectTo(address);
    client.send(Buffer.concat([Buffer.from([0x80]), Buffer.alloc(2000, 7)]));
    await client.closed();
    await isTold(/: it does not speak TLS/, 5);
  });

  test('a client that does not like the certificate', async () => {
    await assert.rejects(openTls(address, { rejectUnauthorized: true, minVersion: 'TLSv1.3' }));
    // Node’s own clients say nothing and leave, which is no failure of ours.
    assert.equal(gateway.stats().listeners[0]!.counters.tlsFailures, 5);
  });

  test('a name that no certificate has, and none, where only known names are served', async () => {
    const lines: { msg: string; sni?: string }[] = [];
    const logger = pino({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line)) });
    const strict = await createGateway({
      rules: rulesFor(server.address, `tls terminate cert "${pem}" known names only`),
      threads: 0,
      logger,
    });
    await strict.start();
    const at = strict.addresses().web as Address;
    const refused = { code: /UNRECOGNIZED_NAME/ };
    try {
      await assert.rejects(openTls(at, { servername: 'nobody.test' }), refused);
      await assert.rejects(openTls(at, { servername: '' }), refused);
      assert.equal(strict.stats().listeners[0]!.counters.tlsFailures, 2);
      const line = lines.find(({ msg }) => msg.endsWith(': it asks for a name that no certificate has'));
      assert.equal(line!.sni, 'nobody.test');
      assert.ok(lines.some(({ msg }) => msg.endsWith(': it asks for no name')));
    } finally {
      await strict.stop({ deadline: '1s' });
    }
  });

  test('a client that wants to renegotiate', skipUnless('openssl'), async () => {
    const { port } = address;
    const program = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-tls1_2', '-noservername']);
    const closed = once(program, 'close');
    let said = '';
    program.stdin.on('error', () => {});
    program.stdout.on('data', (bytes) => {
      said += bytes;
    });
    program.stderr.on('data', (bytes) => {
      said += bytes;
    });
    await eventually('the handshake', () => /Verify return code/.test(said));
    program.stdin.write('R\n');
    await eventually('the refusal', () => /no renegotiation/.test(said));
    program.stdin.end('Q\n');
    await closed;
    await allClosed(gateway);
  });

  test('has nothing to do with any server', () => {
    assert.equal(server.wires.length, 0);
  });
});

describe('input that is not TLS', () => {
  let server: RawServer;
  let gateway: Awaited<ReturnType<typeof startGateway>>;

  before(async () => {
    server = await RawServer.start();
    gateway = await startGateway(
      rulesFor(server.address, `tls terminate cert "${pem}" min 1.3`, 'connections at most 3 per ip'),
    );
  });
  beforeEach(() => server.play(answering()));
  after(async () => {
    await gateway?.stop();
    await server?.stop();
  });

  const NO_TLS: Readonly<Record<string, Buffer>> = {
    'plain HTTP': Buffer.from(GET),
    'random bytes': Buffer.concat([Buffer.from([0x80]), randomBytes(2000)]),
    'a hello that is none': Buffer.from('16030100050100000100', 'hex'),
    'the beginning of a hello': Buffer.from('1603010200010001fc', 'hex'),
    nothing: Buffer.alloc(0),
  };

  for (const [name, bytes] of Object.entries(NO_TLS)) {
    test(`${name}: closed without an HTTP answer, nothing reaches the server, nothing stays`, async () => {
      // More than are allowed from one address at once: none of them may stay counted.
      for (let count = 0; count < 5; count++) {
        const client = await connectTo(gateway.address);
        if (bytes.length > 0) client.send(bytes);
        client.end();
        await client.closed();
        assert.doesNotMatch(client.received.toString('latin1'), /HTTP/);
        client.destroy();
        await allClosed(gateway.gateway);
      }
      assert.equal(server.received, '');
      const { wire } = await openTls(gateway.address);
      assert.equal((await wire.send(GET).answer()).status, 200);
      wire.destroy();
      await allClosed(gateway.gateway);
    });
  }

  test('a client that resets the connection in the middle of its hello leaves nothing', async () => {
    for (let count = 0; count < 5; count++) {
      const client = await connectTo(gateway.address);
      client.send(NO_TLS['the beginning of a hello']!);
      await eventually('the connection to be seen', () => openOn(gateway.gateway) === 1);
      client.reset();
      await allClosed(gateway.gateway);
    }
  });

  test('TLS 1.2 is refused where 1.3 is the oldest', async () => {
    await assert.rejects(openTls(gateway.address, { maxVersion: 'TLSv1.2' }), {
      code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    });
    const { wire, socket } = await openTls(gateway.address);
    assert.equal(socket.getProtocol(), 'TLSv1.3');
    assert.equal((await wire.send(GET).answer()).status, 200);
    wire.destroy();
    await allClosed(gateway.gateway);
  });

  test('a response that breaks off is a reset for the client, and the gateway continues', async () => {
    server.play(async (wire) => {
      await wire.request();
      wire.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it');
      wire.end();
    });
    const { wire } = await openTls(gateway.address);
    wire.send(GET);
    await wire.text('half of it');
    assert.equal(await wire.closed(), 'reset');
    server.play(answering());
    const next = await openTls(gateway.address);
    assert.equal((await next.wire.send(GET).answer()).status, 200);
    next.wire.destroy();
    await allClosed(gateway.gateway);
  });
});

describe('a stop', () => {
  test('finishes a response over TLS, then closes', async () => {
    let answer = (): void => {};
    const server = await RawServer.start(async (wire) => {
      await wire.request();
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      wire.send(ok('late'));
    });
    const { gateway, address } = await startGateway(rulesFor(server.address));
    const { wire } = await openTls(address);
    wire.send(GET);
    await eventually('the request to arrive', () => server.requests().length === 1);
    const stopped = gateway.stop({ deadline: '10s' });
    answer();
    const answered = await wire.answer();
    assert.equal(answered.body.toString(), 'late');
    assert.equal(fieldOf(answered, 'connection'), 'close');
    wire.end();
    assert.deepEqual(await stopped, { cut: 0 });
    await server.stop();
  });
});

for (const threads of [0, 2]) {
  describe(`a renewed certificate, ${threads === 0 ? 'on the own loop' : `${threads} threads`}`, () => {
    let server: RawServer;
    let gateway: Gateway;
    let address: Address;
    const file = join(folder, `renewed-${threads}.sluice`);

    before(async () => {
      renew();
      server = await RawServer.start();
      writeFileSync(file, rulesFor(server.address, 'tls terminate cert "site.pem"'));
      gateway = await createGateway({ rules: { file }, threads, logger: false });
      await gateway.start();
      address = gateway.addresses().web as Address;
    });
    after(async () => {
      await gateway?.stop({ deadline: '1s' });
      await server?.stop();
    });

    test('reloads under load lose nothing; who is connected keeps the old one, who comes gets the new one', async () => {
      const seen = new Set<string>();
      const failures: string[] = [];
      let answered = 0;
      let isStopping = false;
      const client = async (): Promise<void> => {
        while (!isStopping) {
          try {
            const { wire, fingerprint } = await openTls(address);
            seen.add(fingerprint);
            for (let count = 0; count < 20 && !isStopping; count++) {
              const { status } = await wire.send(GET).answer();
              if (status === 200) answered++;
              else failures.push(`status ${status}`);
            }
            wire.destroy();
          } catch (error) {
            failures.push(String(error));
            return;
          }
        }
      };
      const kept = await openTls(address);
      const clients = Array.from({ length: 4 }, client);
      const last: string[] = [kept.fingerprint];
      for (let round = 0; round < 4; round++) {
        renew();
        await gateway.reload();
        const { wire, fingerprint } = await openTls(address);
        assert.ok(!last.includes(fingerprint), 'a new connection gets the new certificate');
        last.push(fingerprint);
        assert.equal((await wire.send(GET).answer()).status, 200);
        wire.destroy();
        const goal = answered + 100;
        await eventually('more answers', () => answered >= goal || failures.length > 0, 60_000);
      }
      isStopping = true;
      await Promise.all(clients);
      assert.deepEqual(failures, []);
      assert.ok(seen.size > 1);
      assert.equal((await kept.wire.send(GET).answer()).status, 200);
      kept.wire.destroy();
    });

    test('an invalid one is refused, and the running one stays active', async () => {
      const before = await openTls(address);
      before.wire.destroy();
      writeFileSync(pem, certify('site.test', key).cert);
      await assert.rejects(gateway.reload(), {
        code: 'SG0116',
        message: `${file}:2:3: listener \`web\`: tls \`terminate\`: cert \`${pem}\`: there is no private key in it: add one, or name its file with \`key\``,
      });
      const { wire, fingerprint } = await openTls(address);
      assert.equal(fingerprint, before.fingerprint);
      assert.equal((await wire.send(GET).answer()).status, 200);
      wire.destroy();
      renew();
    });
  });
}

describe('certificates for several names', { skip: hasOpenssl ? false : 'openssl not installed' }, () => {
  const authority = new Authority(temporaryFolder());
  let server: RawServer;
  let gateway: Gateway;
  let address: Address;

  before(async () => {
    authority.issue('a', ['a.test']);
    authority.issue('b', ['*.b.test']);
    server = await RawServer.start(answering(() => ok('hello')));
    const rules = rulesFor(server.address, `tls terminate cert "${authority.at('a.pem')}", "${authority.at('b.pem')}"`);
    gateway = await createGateway({ rules, threads: 2, logger: false });
    await gateway.start();
    address = gateway.addresses().web as Address;
  });
  after(async () => {
    await gateway?.stop({ deadline: '1s' });
    await server?.stop();
  });

  /** The common name of what answers, and what is answered. */
  async function visit(servername: string, options: ConnectionOptions = {}): Promise<readonly [string, string]> {
    const { wire, socket } = await openTls(address, { servername, ...options });
    const name = socket.getPeerCertificate().subject.CN;
    const answer = await wire.send(GET).answer();
    wire.destroy();
    return [String(name), answer.body.toString()];
  }

  test('each client gets the one for its name', async () => {
    assert.deepEqual(await visit('a.test'), ['a', 'hello']);
    assert.deepEqual(await visit('x.B.test'), ['b', 'hello']);
    assert.deepEqual(await visit('unknown.test'), ['a', 'hello']);
    assert.deepEqual(await visit(''), ['a', 'hello']);
  });

  test('a hello sent byte by byte is read', async () => {
    const raw = await connectTo(address);
    const slow = new Duplex({
      read: () => {},
      write: (piece: Buffer, _encoding, done) => {
        raw.sendInPieces(piece).then(() => done(), done);
      },
    });
    raw.socket.on('data', (piece) => slow.push(piece));
    assert.deepEqual(await visit('x.b.test', { socket: slow as never }), ['b', 'hello']);
    raw.destroy();
  });

  test('a client that leaves before the end of its hello, or sends something else, leaves nothing open', async () => {
    for (const bytes of ['', '\x16\x03\x01\x02\x00\x01', 'GET / HTTP/1.1\r\n\r\n']) {
      const wire = await connectTo(address);
      if (bytes !== '') wire.send(bytes);
      if (bytes.startsWith('GET')) await wire.closed();
      else wire.end();
    }
    await allClosed(gateway);
  });

  test('stop does not wait for clients without a hello', async () => {
    const wire = await connectTo(address);
    await eventually('the connection to count', () => openOn(gateway) === 1);
    const own = await createGateway({
      rules: rulesFor(server.address, `tls terminate cert "${authority.at('a.pem')}" known names only`),
      threads: 0,
      logger: false,
    });
    await own.start();
    const other = await connectTo(own.addresses().web as Address);
    await eventually('the connection to count', () => openOn(own) === 1);
    assert.deepEqual(await own.stop({ deadline: '8s' }), { cut: 0 });
    other.destroy();
    wire.destroy();
  });
});

describe('files that change while the gateway runs', () => {
  /** The gateway's own waits are a hundred times as short. */
  const quick = {
    now: () => performance.now(),
    set: (run: () => void, ms: number) => setTimeout(run, ms / 100),
    clear: (timer: unknown) => clearTimeout(timer as NodeJS.Timeout),
  };

  test('a rejected file is shown among the certificates, counted, and reported as an event, until a valid one is accepted', async () => {
    renew();
    const server = await RawServer.start(answering(() => ok('hello')));
    const admin = { address: '127.0.0.1:0' };
    const gateway = await createGateway({
      ...{ rules: rulesFor(server.address), threads: 0, logger: false, timers: quick, admin },
    });
    await gateway.start();
    const { port } = gateway.adminAddress as Address;
    const metrics = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const labels = '\\{source="file",names="[^"]*"\\}';
    try {
      const [good] = gateway.certificates();
      assert.deepEqual([good!.failures, good!.failed, good!.lastError], [0, 0, null]);
      let told = once(gateway, 'certificate');
      writeFileSync(pem, 'nothing');
      const [failed] = await told;
      assert.deepEqual([failed.source, failed.isOk, failed.names], ['file', false, good!.names]);
      assert.match(failed.reason, /it is not PEM/);
      const [kept] = gateway.certificates();
      assert.deepEqual([kept!.state, kept!.failures, kept!.failed], ['valid', 1, 1]);
      assert.match(kept!.lastError!, /it is not PEM/);
      assert.match(await metrics(), new RegExp(`^sluice_certificate_failures${labels} 1$`, 'm'));
      await assert.rejects(gateway.reload());
      assert.equal(gateway.certificates()[0]!.failures, 2, 'a reload counts as well');
      told = once(gateway, 'certificate');
      renew();
      const [taken] = await told;
      assert.equal(taken.isOk, true);
      const [last] = gateway.certificates();
      assert.deepEqual([last!.failures, last!.failed, last!.lastError], [0, 2, null]);
      assert.match(await metrics(), new RegExp(`^sluice_certificate_failures${labels} 0$`, 'm'));
    } finally {
      renew();
      await gateway.stop({ deadline: '1s' });
      await server.stop();
    }
  });

  test('a new certificate is served without a reload, and a wrong one is not', async () => {
    renew();
    const server = await RawServer.start(answering(() => ok('hello')));
    const gateway = await createGateway({ rules: rulesFor(server.address), threads: 2, logger: false, timers: quick });
    await gateway.start();
    const address = gateway.addresses().web as Address;
    try {
      const before = await openTls(address);
      let told = once(gateway, 'files');
      renew();
      assert.deepEqual(await told, [{ isOk: true }]);
      const after = await openTls(address);
      assert.notEqual(after.fingerprint, before.fingerprint);
      told = once(gateway, 'files');
      writeFileSync(pem, 'nothing');
      const [event] = await told;
      assert.equal(event.isOk, false);
      assert.match(event.error.message, /it is not PEM/);
      const last = await openTls(address);
      assert.equal(last.fingerprint, after.fingerprint);
      assert.equal((await before.wire.send(GET).answer()).status, 200);
      for (const { wire } of [before, after, last]) wire.destroy();
    } finally {
      renew();
      await gateway.stop({ deadline: '1s' });
      await server.stop();
    }
  });
});

describe('the command', () => {
  const PROBLEMS: Readonly<Record<string, readonly [tls: string, message: RegExp]>> = {
    'a missing certificate': ['cert "certs/none.pem"', /cert `[^`]*\/certs\/none\.pem`: there is no such file/],
    'an expired certificate': [
      'cert "old.crt" key "site.key"',
      /cert `[^`]*\/old\.crt`: the certificate of `old\.test` expired on \d{4}-\d\d-\d\d \d\d:\d\d UTC: renew it/,
    ],
    'the key of another certificate': [
      'cert "site.pem" key "other.key"',
      /cert `[^`]*\/site\.pem`: key `[^`]*\/other\.key` does not match the certificate of `site\.test`: use the key that it was issued for/,
    ],
  };

  before(() => {
    renew();
    writeFileSync(join(folder, 'old.crt'), certify('old.test', key, { fromDay: -60, toDay: -30 }).cert);
    writeFileSync(join(folder, 'site.key'), key);
    writeFileSync(join(folder, 'other.key'), makeKey());
  });

  for (const [name, [tls, message]] of Object.entries(PROBLEMS)) {
    test(`${name}: one problem with its line, for check and for run`, async () => {
      const file = join(folder, `${name.replaceAll(' ', '-')}.sluice`);
      writeFileSync(file, rulesFor({ host: '127.0.0.1', port: 9 }, `tls terminate ${tls}`));
      const check = sluice('check', file);
      assert.equal((await check.exited).code, 1);
      assert.match(check.output, message);
      assert.match(check.output, new RegExp(`^SP0[12]\\d\\d ${file}:2:3 {3}tls terminate `));
      assert.match(check.output, /: 1 error\n$/);
      const run = sluice('run', file, '--threads', '1', '--log-level', 'silent');
      assert.equal((await run.exited).code, 1);
      assert.match(run.output, message);
      assert.match(run.output, new RegExp(`^sluice: ${file}:2:3: listener \`web\`: tls \`terminate\`: [^\n]+\n$`));
      for (const { output } of [check, run]) assert.doesNotMatch(output, /^\s+at |Error/m);
    });
  }

  test('a right one passes', async () => {
    const file = join(folder, 'right.sluice');
    writeFileSync(
      file,
      rulesFor({ host: '127.0.0.1', port: 9 }, 'tls terminate cert "site.pem" key "site.key" min 1.3'),
    );
    const check = sluice('check', file);
    assert.equal((await check.exited).code, 0, check.output);
  });
});

test('a TLS mode that throws closes the connection and is counted, and the listener continues', async () => {
  const plugin = join(folder, 'broken.mjs');
  const component = { kind: 'component', slot: 'tls', name: 'broken', doc: 'Breaks.', example: 'tls broken', args: [] };
  writeFileSync(
    plugin,
    `let calls = 0;
    export default { name: 'broken', apiVersion: 1, data: import.meta.url, components: [${JSON.stringify(component)}] };
    const accept = (socket) => { if (++calls < 3) throw new Error('out of luck'); return socket; };
    export const tlsModes = { broken: () => ({ accept }) };`,
  );
  const server = await RawServer.start();
  const rules = rulesFor(server.address, 'tls broken');
  const { gateway, address, stop } = await startGateway(`use broken from "${plugin}"\n${rules}`);
  for (let count = 1; count < 3; count++) {
    const client = await connectTo(address);
    await client.closed();
    assert.equal(gateway.stats().listeners[0]!.counters.pluginErrors, count);
  }
  const client = await connectTo(address);
  assert.equal((await client.send(GET).answer()).status, 200);
  client.destroy();
  await allClosed(gateway);
  await stop();
  await server.stop();
});

describe('a certificate that the gateway makes itself', () => {
  test('is the same after each start, serves, and is warned of by check, which makes none', async () => {
    const home = temporaryFolder();
    const before = process.env.XDG_STATE_HOME;
    process.env.XDG_STATE_HOME = home;
    const server = await RawServer.start(answering(() => ok('hello')));
    const rules = rulesFor(server.address, 'tls terminate self-signed for localhost');
    const file = join(home, 'gateway.sluice');
    writeFileSync(file, rules);
    try {
      const check = sluice('check', file);
      assert.equal((await check.exited).code, 0);
      assert.match(check.output, /SG0117[\s\S]*self-signed for `localhost`: no client trusts it/);
      assert.ok(!existsSync(join(home, 'sluice')));
      const seen = new Set<string>();
      for (let count = 0; count < 2; count++) {
        const { address, stop } = await startGateway(rules, 1);
        const { wire, fingerprint } = await openTls(address);
        assert.equal((await wire.send(GET).answer()).body.toString(), 'hello');
        seen.add(fingerprint);
        wire.destroy();
        await stop();
      }
      assert.equal(seen.size, 1);
    } finally {
      if (before === undefined) delete process.env.XDG_STATE_HOME;
      else process.env.XDG_STATE_HOME = before;
      await server.stop();
    }
  });
});

describe('the page for operators', () => {
  const page = readFileSync(new URL('../../docs/tls.md', import.meta.url), 'utf8');
  const shown = [...page.matchAll(/^```sluice\n(.*?)^```$/gms)].map((match) => match[1]!);

  before(() => {
    const site = certify('site.test', key);
    mkdirSync(join(folder, 'certs'));
    mkdirSync(join(folder, 'certs/sites'));
    for (const name of ['site', 'main', 'sites/a']) writeFileSync(join(folder, `certs/${name}.pem`), site.cert + key);
    for (const name of ['clients-ca', 'internal-ca'])
      writeFileSync(join(folder, `certs/${name}.pem`), authorityFor(name).cert);
    for (const name of ['site', 'client']) {
      writeFileSync(join(folder, `certs/${name}.crt`), site.cert);
      writeFileSync(join(folder, `certs/${name}.key`), key);
    }
  });

  for (const [index, rules] of shown.entries()) {
    test(`rule file ${index + 1} loads`, async () => {
      const file = join(folder, `page-${index}.sluice`);
      writeFileSync(file, rules);
      const gateway = await createGateway({ rules: { file }, logger: false });
      const { listeners, backends } = gateway.plan;
      assert.ok(listeners[0]!.tls?.name === 'terminate' || backends[0]!.tls?.name === 'bridge');
    });
  }
});

test('the expiry of each certificate is reported once for all listeners that use it', async (t) => {
  const other = join(folder, 'ends.pem');
  writeFileSync(other, certify('ends.test', key, { toDay: 20 }).cert + key);
  const listener = (name: string, files: string): string => `listener ${name} on 127.0.0.1:0 {
  tls terminate cert ${files}
  otherwise deny
}
`;
  const rules = listener('one', `"${pem}"`) + listener('two', `"${pem}", "${other}"`);
  const gateway = await createGateway({ rules, threads: 0, logger: false });
  t.after(() => gateway.stop());
  const told = gateway
    .certificates()
    .map(({ names, source, listeners, state }) => ({ names, source, listeners, state }));
  assert.deepEqual(told, [
    { names: ['site.test'], source: 'file', listeners: ['one', 'two'], state: 'valid' },
    { names: ['ends.test'], source: 'file', listeners: ['two'], state: 'valid' },
  ]);
  const days = (gateway.certificates()[1]!.expiresMs! - Date.now()) / 86_400_000;
  assert.ok(days > 19.9 && days < 20.1, String(days));
  await gateway.start();
  assert.throws(
    () => gateway.renewCertificate('ends.test'),
    /no certificate for `ends\.test` is obtained automatically/,
  );
});
