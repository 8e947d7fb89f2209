/**
 * Which certificate answers, whom it lets in, and whose sessions go on: real handshakes with what openssl made.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { Args } from '@sluice/dsl/plan';
import { Authority, hasOpenssl } from '@sluice/plugin-kit/tls';
import { checkCertificates } from '../src/terminate-check.ts';
import { Termination } from '../src/termination.ts';

const skip = hasOpenssl ? false : 'openssl not installed';

describe('certificates by name', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
  let authority: Authority;
  let mode: Termination;
  let server: Server;
  const sockets = new Set<Socket>();
  /** What the gateway would read of the hello that comes next. */
  let sni = '';
  const refusals: string[] = [];
  const warnings: string[] = [];
  const host = { secret: () => 'secret', warn: (said: string) => void warnings.push(said) };

  before(async () => {
    authority = new Authority(folder);
    authority.intermediate('middle');
    authority.issue('first', ['first.test']);
    authority.issue('wild', ['*.wild.test', 'wild.test']);
    authority.issue('one', ['one.wild.test']);
    authority.issue('both-ec', ['both.test']);
    authority.issue('both-rsa', ['both.test'], { kind: 'rsa' });
    authority.issue('chained', ['chained.test'], { by: 'middle' });
    authority.issue('client', ['client.test']);
    server = createServer({ allowHalfOpen: true }, (raw) => {
      sockets.add(raw);
      const stream = mode.accept(raw, mode.needsHello ? { sni, alpn: [] } : null) as TLSSocket | null;
      if (stream === null) {
        raw.destroy();
        return;
      }
      stream.on('secure', () => stream.write(stream.isSessionReused() ? 'again' : 'new'));
      stream.resume();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  after(() => {
    for (const socket of sockets) socket.destroy();
    server?.close();
    rmSync(folder, { recursive: true });
  });

  const made = async (options: Args, secret = 1): Promise<Termination> =>
    new Termination(
      { ...(await checkCertificates(options, folder, host)), ...('password' in options ? { password: 'secret' } : {}) },
      {
        listener: 'edge',
        processSecret: Buffer.alloc(32, secret),
        protocols: ['h2', 'http/1.1'],
        refused: (_, reason) => void refusals.push(reason),
      },
    );

  function open(servername: string, options: ConnectionOptions = {}): TLSSocket {
    const { port } = server.address() as { port: number };
    sni = servername.toLowerCase();
    const socket = connect({ host: '127.0.0.1', port, servername, ca: authority.read('root.crt'), ...options });
    socket.on('error', () => {});
    return socket;
  }

  /** The common name of what answers for a name; `closed` when nothing does. */
  async function answers(servername: string, options: ConnectionOptions = {}): Promise<string> {
    const client = open(servername, { rejectUnauthorized: false, ...options });
    const isOpen = await new Promise<boolean>((resolve) => {
      client.once('data', () => resolve(true));
      client.once('close', () => resolve(false));
    });
    const name = isOpen ? client.getPeerCertificate().subject.CN : 'closed';
    client.destroy();
    return String(name);
  }

  test('a name gets its own certificate, or that of a wildcard, or the first one', async () => {
    mode = await made({ cert: ['first.pem', 'wild.pem', 'one.pem'] });
    assert.equal(await answers('first.test'), 'first');
    assert.equal(await answers('one.wild.test'), 'one');
    assert.equal(await answers('two.wild.test'), 'wild');
    assert.equal(await answers('TWO.Wild.test'), 'wild');
    assert.equal(await answers('wild.test'), 'wild');
    assert.equal(await answers('a.b.wild.test'), 'first', 'a wildcard stands for one label');
    assert.equal(await answers('unknown.test'), 'first');
    assert.equal(await answers(''), 'first');
  });

  test('where only known names are served, others are closed', async () => {
    mode = await made({ cert: ['first.pem', 'wild.pem'], strict: true });
    assert.equal(await answers('two.wild.test'), 'wild');
    assert.equal(await answers('unknown.test'), 'closed');
    assert.equal(await answers(''), 'closed');
  });

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`a name that no certificate has is refused with an alert, and counted: ${version}`, async () => {
      mode = await made({ cert: ['first.pem', 'wild.pem'], strict: true });
      refusals.length = 0;
      for (const name of ['unknown.test', '']) {
        const client = open(name, { rejectUnauthorized: false, minVersion: version, maxVersion: version });
        const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
        assert.match(error.code!, /UNRECOGNIZED_NAME/);
      }
      assert.deepEqual(refusals, ['it asks for a name that no certificate has', 'it asks for no name']);
    });
  }

  test('for a name with two kinds of keys, each client gets one it can verify', async () => {
    mode = await made({ cert: ['first.pem', 'both-ec.pem', 'both-rsa.pem'] });
    const old = { maxVersion: 'TLSv1.2' } as const;
    assert.equal(await answers('both.test', { ...old, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }), 'both-rsa');
    assert.equal(await answers('both.test', { ...old, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }), 'both-ec');
  });

  test('the chain is sent, so that clients with the root trust the site', async () => {
    mode = await made({ cert: 'chained.pem' });
    const client = open('chained.test');
    await once(client, 'secureConnect');
    assert.equal(client.authorized, true);
    client.destroy();
  });

  test('PKCS#12 files are served, with their password', async () => {
    authority.pkcs12('wild', 'secret');
    mode = await made({ cert: 'wild.p12', password: { secret: 'any' } });
    assert.equal(await answers('a.wild.test'), 'wild');
    const wrong = { ...host, secret: () => 'other' };
    await assert.rejects(
      checkCertificates({ cert: 'wild.p12', password: { secret: 'any' } }, folder, wrong),
      /cannot be decrypted with this password$/,
    );
    await assert.rejects(checkCertificates({ cert: 'wild.p12' }, folder, host), /it needs a password/);
  });

  test('a level sets the minimum TLS version of clients', async () => {
    const old = { maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    mode = await made({ cert: 'first.pem', level: 'old' });
    assert.equal(await answers('first.test', old), 'first');
    mode = await made({ cert: 'first.pem', level: 'intermediate' });
    assert.equal(await answers('first.test', old), 'closed');
    assert.equal(await answers('first.test', { maxVersion: 'TLSv1.2' }), 'first');
    mode = await made({ cert: 'first.pem', level: 'modern' });
    assert.equal(await answers('first.test', { maxVersion: 'TLSv1.2' }), 'closed');
    assert.equal(await answers('first.test'), 'first');
  });

  describe('clients with certificates', () => {
    const own = () => ({ cert: authority.read('client.crt'), key: authority.read('client.key') });
    const foreign = () => {
      const other = new Authority(mkdtempSync(join(folder, 'other-')));
      other.issue('client', ['client.test']);
      return { cert: other.read('client.crt'), key: other.read('client.key') };
    };

    test('only clients with a certificate of the authority are accepted', async () => {
      mode = await made({ cert: 'first.pem', client: 'root.crt' });
      for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
        assert.equal(await answers('first.test', { ...own(), maxVersion }), 'first');
        assert.equal(await answers('first.test', { ...foreign(), maxVersion }), 'closed');
        assert.equal(await answers('first.test', { maxVersion }), 'closed');
      }
    });

    test('with `optional`, clients without a certificate are accepted, and invalid ones are still refused', async () => {
      mode = await made({ cert: 'first.pem', client: 'root.crt', optional: true });
      assert.equal(await answers('first.test', own()), 'first');
      assert.equal(await answers('first.test'), 'first');
      assert.equal(await answers('first.test', foreign()), 'closed');
    });

    test('a session of a listener without client certificates is not valid on one that requires them', async () => {
      const open = await made({ cert: 'first.pem' });
      const asking = await made({ cert: 'first.pem', client: 'root.crt' });
      mode = open;
      const [, session] = await visit();
      mode = asking;
      assert.equal(await answers('first.test', { ...(session === null ? {} : { session }) }), 'closed');
    });
  });

  /** Comes once, with a session or without, and goes away with one. */
  async function visit(session: Buffer | null = null, maxVersion: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.3') {
    const client = open('first.test', { maxVersion, ...(session === null ? {} : { session }) });
    const [got, said] = await Promise.all([once(client, 'session'), once(client, 'data')]);
    client.destroy();
    return [String(said[0]), got[0] as Buffer] as const;
  }

  test('a session is resumed on another thread, and after a reload', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      mode = await made({ cert: 'first.pem' });
      const [first, session] = await visit(null, version);
      assert.equal(first, 'new');
      mode = await made({ cert: 'first.pem' });
      const client = open('first.test', { maxVersion: version, session });
      assert.equal(String((await once(client, 'data'))[0]), 'again');
      client.destroy();
      mode = await made({ cert: 'first.pem' }, 2);
      assert.equal((await visit(session, version))[0], 'new', 'another secret opens nothing');
    }
  });

  test('the OCSP response of the authority is stapled', async () => {
    authority.staple('first', 'V');
    mode = await made({ cert: 'first.pem' });
    const { port } = server.address() as { port: number };
    sni = 'first.test';
    const args = ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'first.test', '-status'];
    const client = spawn('openssl', args, { stdio: ['pipe', 'pipe', 'ignore'] });
    let said = '';
    for await (const piece of client.stdout) {
      said += piece;
      if (/OCSP Response Status|no response sent/.test(said)) break;
    }
    client.kill();
    assert.match(said, /OCSP Response Status: successful/);
  });

  test('a revoked certificate, and an OCSP response for another one, are reported', async () => {
    authority.staple('one', 'R');
    await assert.rejects(
      made({ cert: 'one.pem' }),
      /OCSP response `.*one\.pem\.ocsp`: it says that the certificate is revoked or unknown$/,
    );
    authority.staple('wild', 'V');
    const { renameSync, writeFileSync, unlinkSync } = await import('node:fs');
    renameSync(authority.at('wild.pem.ocsp'), authority.at('one.pem.ocsp'));
    await assert.rejects(made({ cert: 'one.pem' }), /it is for another certificate$/);
    writeFileSync(authority.at('one.pem.ocsp'), 'nothing');
    await assert.rejects(made({ cert: 'one.pem' }), /it is not an OCSP response/);
    unlinkSync(authority.at('one.pem.ocsp'));
  });

  test('a chain in the wrong order is refused, and one that is cut short is warned of', async () => {
    const { writeFileSync } = await import('node:fs');
    const [own, middle, root, key] = ['chained.crt', 'middle.crt', 'root.crt', 'chained.key'].map((name) =>
      authority.read(name),
    );
    writeFileSync(authority.at('wrong.pem'), `${own}${root}${middle}${key}`);
    await assert.rejects(
      made({ cert: 'wrong.pem' }),
      /certificate 2, `Root`, did not issue certificate 1, `chained`: certificate 3 did, so put that one after it$/,
    );
    writeFileSync(authority.at('foreign.pem'), `${own}${authority.read('first.crt')}${key}`);
    await assert.rejects(
      made({ cert: 'foreign.pem' }),
      /did not issue certificate 1, `chained`: put the one of `middle` there$/,
    );
    warnings.length = 0;
    writeFileSync(authority.at('short.pem'), `${own}${key}`);
    await made({ cert: 'short.pem' });
    assert.match(
      warnings.join(),
      /the chain ends with `chained`, which was issued by `middle`: clients that do not have that one/,
    );
    warnings.length = 0;
    writeFileSync(authority.at('long.pem'), `${own}${middle}${root}${key}`);
    await made({ cert: 'long.pem' });
    assert.deepEqual(warnings, []);
  });
});
