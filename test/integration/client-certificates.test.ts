/**
 * Certificates of clients: let in or not, known to rules, told to servers, and never to be made up.
 */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { type Client, ClientAuthority, certify, hasOpenssl, makeKey } from '@sluice/plugin-kit/tls';
import { pino } from 'pino';
import { createGateway, type Gateway } from 'sluice';
import { type Address, eventually, ok, RawServer, temporaryFolder, Wire } from '../kit/index.ts';

const LIMIT = { timeout: 60_000 };
const folder = temporaryFolder();
const site = join(folder, 'site.pem');
const key = makeKey();
const authority = new ClientAuthority('Staff', key);
const stranger = new ClientAuthority('Strangers');
const CA = join(folder, 'staff.pem');
writeFileSync(site, certify('site.test', key).cert + key);
writeFileSync(CA, authority.pem);

const closing: (() => unknown)[] = [];
after(async () => {
  for (const close of closing.reverse()) await close();
});

/** echoing answers with the header fields of the request, a line each. */
async function echoing(): Promise<RawServer> {
  const server = await RawServer.start(async (wire) => {
    for (;;) {
      const { fields } = await wire.request();
      wire.send(ok(fields.map(([name, value]) => `${name.toLowerCase()}: ${value}`).join('\n')));
    }
  });
  closing.push(() => server.stop());
  return server;
}

interface Started {
  readonly gateway: Gateway;
  readonly address: Address;
  readonly server: RawServer;
  readonly told: string[];
}

async function start(level: string, lines: string, { protocol = 'http', more = '' } = {}): Promise<Started> {
  const server = await echoing();
  const told: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line) => void told.push(JSON.parse(line).msg) });
  const rules = `listener web on 127.0.0.1:0 ${protocol} {
  tls terminate cert "${site}" ${level}
  ${lines}
  otherwise send to app
}
backend app of ${server.address.host}:${server.address.port}
${more}
`;
  const gateway = await createGateway({ rules, threads: 0, logger });
  await gateway.start();
  closing.push(() => gateway.stop({ deadline: '1s' }));
  return { gateway, address: gateway.addresses().web as Address, server, told };
}

const ASKED = `client certificate from "${CA}"`;
const GET = 'GET / HTTP/1.1\r\nHost: site.test\r\n\r\n';

const sessions: Buffer[] = [];

/** openTls shakes hands; where the client is not let in, that may only show later. */
async function openTls(address: Address, client: Partial<Client> = {}, options: ConnectionOptions = {}): Promise<Wire> {
  const socket: TLSSocket = connect({ ...address, rejectUnauthorized: false, ...client, ...options });
  socket.on('error', () => {});
  socket.on('session', (session) => sessions.push(session));
  const wire = new Wire(socket);
  await new Promise<void>((resolve) => socket.once('secureConnect', resolve).once('close', resolve));
  return wire;
}

async function ask(wire: Wire, request = GET): Promise<{ status: number; body: string; fields: Map<string, string> }> {
  const { status, body } = await wire.send(request).answer();
  const text = body.toString('latin1');
  const fields = new Map(
    text.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  return { status, body: text, fields };
}

/** isShut asks, and says whether the connection ended without an answer. */
async function isShut(wire: Wire): Promise<boolean> {
  wire.send(GET);
  await wire.closed();
  return wire.received.length === 0;
}

const ann = authority.client({
  subject: [
    ['O', 'Example'],
    ['CN', 'ann'],
  ],
  names: [
    { type: 2, value: 'Laptop.ann.test' },
    { type: 2, value: 'phone.ann.test' },
    { type: 1, value: 'ann@example.com' },
    { type: 6, value: 'spiffe://example.com/staff/ann' },
  ],
});
const x509 = new X509Certificate(ann.cert);

const ALL = `set header X-Cert to "{client.certificate}|{client.certificate.problem}|{client.certificate.subject}|{client.certificate.cn}|{client.certificate.issuer}"
  set header X-Names to "{client.certificate.dns}|{client.certificate.email}|{client.certificate.uri}"
  set header X-Print to "{client.certificate.serial}|{client.certificate.fingerprint}|{client.certificate.expires}"
  set header X-Tls to "{tls.version}|{tls.cipher}|{tls.alpn}|{tls.session}|{sni}"`;

const printOf = (pem: string): string => new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase();

describe('what a server learns', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`${version}: who the client is, on a new session and on a resumed one`, LIMIT, async () => {
      const { address } = await start(ASKED, ALL);
      const options: ConnectionOptions = {
        servername: 'site.test',
        minVersion: version,
        maxVersion: version,
        ALPNProtocols: ['http/1.1'],
      };
      sessions.length = 0;
      for (const kind of ['new', 'resumed']) {
        const session = sessions.at(-1);
        const wire = await openTls(address, ann, { ...options, ...(session === undefined ? {} : { session }) });
        for (let round = 0; round < 2; round++) {
          const { fields } = await ask(wire);
          assert.equal(fields.get('x-cert'), 'verified||CN=ann,O=Example|ann|CN=Staff');
          assert.equal(
            fields.get('x-names'),
            'laptop.ann.test, phone.ann.test|ann@example.com|spiffe://example.com/staff/ann',
          );
          const expires = new Date(x509.validTo).toISOString().replace('.000', '');
          assert.equal(fields.get('x-print'), `${x509.serialNumber.toLowerCase()}|${printOf(ann.cert)}|${expires}`);
          const [tls, cipher, alpn, isNew, sni] = fields.get('x-tls')!.split('|');
          assert.deepEqual([tls, alpn, isNew, sni], [version.slice(4), 'http/1.1', kind, 'site.test']);
          assert.match(cipher!, /^(TLS_|ECDHE-)/);
        }
        await eventually('a session', () => sessions.length > 0);
        wire.destroy();
      }
    });
  }

  test('the same over HTTP/2, for each stream', LIMIT, async () => {
    const { address } = await start(ASKED, ALL);
    const session = connectHttp2(`https://127.0.0.1:${address.port}`, { rejectUnauthorized: false, ...ann });
    for (let round = 0; round < 2; round++) {
      let body = '';
      for await (const piece of session.request({ ':path': '/' })) body += piece;
      assert.match(body, /^x-cert: verified\|\|CN=ann,O=Example\|ann\|CN=Staff$/m);
      assert.match(body, /^x-tls: 1\.3\|TLS_[A-Z0-9_]+\|h2\|new\|$/m);
    }
    session.destroy();
  });

  test('an unverified certificate has only its fingerprint', LIMIT, async () => {
    const { address } = await start(`${ASKED} left to rules`, ALL);
    const eve = stranger.client({ subject: [['CN', 'ann']] });
    const wire = await openTls(address, eve);
    const { fields } = await ask(wire);
    assert.equal(fields.get('x-cert'), 'unverified|unknown authority|||');
    assert.equal(fields.get('x-names'), '||');
    assert.equal(fields.get('x-print'), `|${printOf(eve.cert)}|`);
    wire.destroy();
    const without = await openTls(address);
    assert.equal((await ask(without)).fields.get('x-cert'), 'none||||');
    without.destroy();
  });

  test('hostile names cannot end a header, a value or a list', LIMIT, async () => {
    const mallory = authority.client({
      subject: [
        ['O', 'a\r\nX-Admin: yes'],
        ['OU', 'b,CN=root+x"<>;\\\u202egnp'],
        ['CN', ' mallory\u0000\n\u0085\u00fc '],
      ],
      names: [
        { type: 2, value: 'a.test, DNS:root.test' },
        { type: 6, value: 'u:x\r\nX-Admin: yes' },
      ],
    });
    const { address } = await start(ASKED, ALL);
    const wire = await openTls(address, mallory);
    const { fields, body } = await ask(wire);
    assert.doesNotMatch(body, /^x-admin/im);
    const [state, , subject, cn] = fields.get('x-cert')!.split('|');
    assert.equal(state, 'verified');
    assert.equal(
      subject,
      'CN=\\ mallory\\00\\0A\\C2\\85\\C3\\BC\\ ,OU=b\\,CN=root\\+x\\"\\<\\>\\;\\\\\\E2\\80\\AEgnp,O=a\\0D\\0AX-Admin: yes',
    );
    assert.equal(cn, '\\20mallory\\00\\0A\\C2\\85\\C3\\BC\\20');
    assert.equal(fields.get('x-names'), 'a.test\\2c dns:root.test||u:x\\0D\\0AX-Admin: yes');
    wire.destroy();
  });
});

describe('a header that identifies the client', () => {
  const SPOOFED = [
    'X-Client: root',
    'x-client: root',
    'X_Client: root',
    'Client-Cert: :AAAA:',
    'client_cert: :AAAA:',
    'Client-Cert-Chain: :AAAA:',
  ].join('\r\n');
  const REQUEST = `GET / HTTP/1.1\r\nHost: site.test\r\n${SPOOFED}\r\n\r\n`;

  test('cannot be forged, even if the rule does not match', LIMIT, async () => {
    const { address } = await start(
      `${ASKED} optional`,
      'forward client certificate\n  set header X-Client to "{client.certificate.cn}" when client certificate verified\n  add header X-Tls to "{tls.version}"',
    );
    const known = await openTls(address, ann);
    const { body } = await ask(known, REQUEST.replace('\r\n\r\n', '\r\nX-TLS: 9\r\n\r\n'));
    const own = (text: string): string[] => text.split('\n').filter((line) => /^(x[-_]client|client|x-tls)/.test(line));
    assert.deepEqual(own(body).sort(), [
      `client-cert: :${x509.raw.toString('base64')}:`,
      'x-client: ann',
      'x-tls: 1.3',
    ]);
    known.destroy();
    const unknown = await openTls(address);
    assert.deepEqual(own((await ask(unknown, REQUEST)).body), ['x-tls: 1.3']);
    unknown.destroy();
  });

  test('Client-Cert is only of a verified certificate', LIMIT, async () => {
    const { address } = await start(`${ASKED} left to rules`, 'forward client certificate');
    const eve = await openTls(address, stranger.client());
    assert.equal((await ask(eve, REQUEST)).fields.get('client-cert'), undefined);
    eve.destroy();
  });
});

describe('rules', () => {
  test('let in by subject, name and fingerprint, and answer the others', LIMIT, async () => {
    const bob = authority.client({ subject: [['CN', 'bob']] });
    const pinned = stranger.client();
    const { address } = await start(
      `${ASKED} left to rules`,
      `allow client certificate fingerprint ${printOf(pinned.cert)}
  deny 403 when client certificate problem expired
  deny 404 when not client certificate verified
  deny 405 when client certificate verified and client certificate cn bob
  send to other when client certificate uri starts "spiffe://example.com/staff/"`,
      { more: `backend other of 127.0.0.1:${(await echoing()).address.port}` },
    );
    const statusOf = async (client: Partial<Client>): Promise<number> => {
      const wire = await openTls(address, client);
      const { status } = await ask(wire);
      wire.destroy();
      return status;
    };
    assert.equal(await statusOf(pinned), 200);
    assert.equal(await statusOf(authority.client({ fromDay: -3, toDay: -1 })), 403);
    assert.equal(await statusOf(stranger.client()), 404);
    assert.equal(await statusOf({}), 404);
    assert.equal(await statusOf(bob), 405);
    assert.equal(await statusOf(ann), 200);
  });

  test('of a tcp listener can use the handshake, too', LIMIT, async () => {
    const { address, server } = await start(
      `${ASKED} optional`,
      'deny not client certificate cn ann or client certificate cn absent',
      {
        protocol: 'tcp',
      },
    );
    const known = await openTls(address, ann);
    assert.equal((await ask(known)).status, 200);
    known.destroy();
    for (const client of [{}, authority.client({ subject: [['CN', 'bob']] })]) {
      assert.ok(await isShut(await openTls(address, client)));
    }
    assert.equal(server.wires.length, 1);
  });
});

test('explain and tests agree if they are given the client', LIMIT, async () => {
  const { gateway } = await start(
    `${ASKED} left to rules`,
    `deny 404 when not client certificate verified
  deny 405 when client certificate cn bob
  set header X-Client to "{client.certificate.cn} {client.certificate.dns} {tls.version}"`,
    {
      more: `test "staff" {
  given GET https://site.test/, client certificate is verified, client certificate cn is ann, tls version is 1.3
  given client certificate dns is a.test, client certificate dns is B.test
  expect send to app, header X-Client is "ann a.test, b.test 1.3"
}
test "nobody makes up a name" {
  given GET https://site.test/, client certificate is verified, header X-Client is root, header X_Client is root
  expect header X-Client is "  ", header X_Client absent, header Client-Cert absent
}
test "strangers" {
  given GET https://site.test/
  expect deny 404
}
settings { test before reload }`,
    },
  );
  const verdictOf = async (given?: Record<string, string>): Promise<unknown> => {
    const { verdict } = await gateway.explain({
      request: 'GET https://site.test/',
      listener: 'web',
      ...(given === undefined ? {} : { given }),
    });
    return verdict.kind === 'answer' ? verdict.status : verdict.kind;
  };
  assert.equal(await verdictOf(), 404);
  assert.equal(await verdictOf({ 'client certificate': 'verified', 'client certificate cn': 'bob' }), 405);
  assert.equal(await verdictOf({ 'client certificate': 'verified' }), 'send');
  await assert.rejects(verdictOf({ 'client certficate': 'verified' }), /there is no field `client certficate`/);
});

test(
  'the access log has the TLS details, and of an invalid certificate nothing that could be forged',
  LIMIT,
  async () => {
    const log = join(folder, 'access.log');
    const { address } = await start(`${ASKED} left to rules`, '', { more: `settings { log access json to "${log}" }` });
    const eve = stranger.client({ subject: [['CN', 'ann","admin":"yes']] });
    const mallory = authority.client({ subject: [['CN', 'm","admin":"yes\n']] });
    for (const client of [{}, eve, mallory]) {
      const wire = await openTls(address, client);
      await ask(wire);
      wire.destroy();
    }
    let lines: Record<string, unknown>[] = [];
    await eventually('three lines', () => {
      const text = existsSync(log) ? readFileSync(log, 'utf8') : '';
      lines = text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line));
      return lines.length === 3;
    });
    assert.deepEqual(
      lines.map(({ tls, clientCertificate }) => [tls, clientCertificate]),
      [
        ['1.3', undefined],
        ['1.3', { verified: false, problem: 'unknown authority', fingerprint: printOf(eve.cert) }],
        [
          '1.3',
          {
            verified: true,
            subject: 'CN=m\\"\\,\\"admin\\":\\"yes\\0A',
            fingerprint: printOf(mallory.cert),
          },
        ],
      ],
    );
  },
);

describe('refused clients', () => {
  const bad: readonly (readonly [name: string, client: Partial<Client>, reason: RegExp])[] = [
    ['no certificate', {}, /it shows no certificate/],
    ['an expired one', authority.client({ fromDay: -3, toDay: -1 }), /not good: expired/],
    ['one of the future', authority.client({ fromDay: 1, toDay: 3 }), /not good: not yet valid/],
    ['one of another authority', stranger.client(), /not good: unknown authority/],
    ['a self-signed one', certify('self', makeKey()), /not good: self-signed/],
    ['one for servers', authority.client({ isServer: true }), /not good: not for clients/],
  ];
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    for (const [name, client, reason] of bad) {
      test(`${version}, ${name}: closed without an answer, counted, and the reason is logged once`, LIMIT, async () => {
        const { address, gateway, server, told } = await start(ASKED, '');
        for (let time = 0; time < 2; time++) {
          assert.ok(await isShut(await openTls(address, client, { maxVersion: version, minVersion: version })));
        }
        await eventually('both to be counted', () => gateway.stats().listeners[0]!.counters.tlsFailures === 2);
        const reasons = told.filter((line) => line.startsWith('TLS handshake with a client of listener web failed: '));
        assert.equal(reasons.length, 1, told.join('\n'));
        assert.match(reasons[0]!, reason);
        assert.equal(server.wires.length, 0);
      });
    }
  }

  test('`optional` accepts clients without one, and still refuses an invalid one', LIMIT, async () => {
    const { address } = await start(`${ASKED} optional`, '');
    const without = await openTls(address);
    assert.equal((await ask(without)).status, 200);
    without.destroy();
    assert.ok(await isShut(await openTls(address, stranger.client())));
  });

  test('a client without one gets an alert', LIMIT, async () => {
    const { address } = await start(ASKED, '');
    // In TLS 1.3 the client holds the handshake for ended by then, and what it goes on to send may turn the end into a reset.
    const socket = connect({ ...address, rejectUnauthorized: false, maxVersion: 'TLSv1.2' });
    const [error] = (await once(socket, 'error')) as [Error];
    assert.match(error.message, /alert handshake failure/);
  });

  test('a revoked one, once its authority’s list is there', {
    ...LIMIT,
    skip: hasOpenssl ? false : 'openssl not installed',
  }, async () => {
    const bob = authority.client({ subject: [['CN', 'bob']] });
    const crl = join(folder, 'staff.crl');
    writeFileSync(crl, authority.crl([bob]) + stranger.crl([]));
    const { address, told } = await start(`${ASKED} revoked in "${crl}"`, '');
    assert.ok(await isShut(await openTls(address, bob)));
    await eventually('the reason', () => told.some((line) => /not good: revoked/.test(line)));
    const known = await openTls(address, ann);
    assert.equal((await ask(known)).status, 200);
    known.destroy();
  });

  test('an expired or invalid list does not load', {
    ...LIMIT,
    skip: hasOpenssl ? false : 'openssl not installed',
  }, async () => {
    const old = join(folder, 'old.crl');
    writeFileSync(old, authority.crl([], 0));
    await assert.rejects(start(`${ASKED} revoked in "${old}"`, ''), /expired at 2025-02-01/);
    await assert.rejects(start(`${ASKED} revoked in "${CA}"`, ''), /it contains no certificate revocation list/);
    await assert.rejects(start(`${ASKED} optional, left to rules`, ''), /contradict each other/);
  });
});
