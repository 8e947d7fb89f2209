/**
 * Certificates that the gateway gets by itself, of a real authority.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ConnectionOptions, connect, type PeerCertificate } from 'node:tls';
import type { CertificateEvent, GatewayOptions, Timers } from '@sluice/core';
import { createGateway, type Gateway } from 'sluice';
import {
  eventually,
  freePort,
  PEBBLE_PROGRAMS,
  type Pebble,
  skipUnless,
  sluice,
  startPebble,
  temporaryFolder,
} from '../kit/index.ts';

const needed = skipUnless(...PEBBLE_PROGRAMS);

interface Site {
  readonly pebble: Pebble;
  readonly httpPort: number;
  readonly tlsPort: number;
  readonly folder: string;
  rules(lines?: Partial<Lines>): string;
}

interface Lines {
  readonly source: string;
  readonly names: string;
  readonly plain: string;
  readonly edge: string;
}

/** openSite starts an authority that looks for proofs at two free ports, which rules can put listeners on. */
async function openSite(t: TestContext, options: Partial<Parameters<typeof startPebble>[0]> = {}): Promise<Site> {
  const [httpPort, tlsPort] = [await freePort(), await freePort()];
  const pebble = await startPebble({ httpPort, tlsPort, ...options });
  t.after(() => pebble.stop());
  const folder = join(temporaryFolder(), 'kept');
  return {
    pebble,
    httpPort,
    tlsPort,
    folder,
    rules: ({ source = '', names = 'a.test', plain = '', edge = '' } = {}) => `
settings {
  certificates from acme "${pebble.directory}" ca "${pebble.ca}" in "${folder}" agree to terms ${source}
}
listener web on 127.0.0.1:${httpPort} {
  ${plain}
  deny all
  otherwise deny
}
listener edge on 127.0.0.1:${tlsPort} {
  tls terminate
  certificate from acme for ${names}
  ${edge}
  otherwise redirect 302 to "https://elsewhere.test"
}
`,
  };
}

interface Started {
  readonly gateway: Gateway;
  /** What was told of certificates, in order. */
  next(): Promise<CertificateEvent>;
}

async function start(t: TestContext, rules: string, options: Partial<GatewayOptions> = {}): Promise<Started> {
  const gateway = await createGateway({ rules, threads: 0, logger: false, ...options });
  t.after(() => gateway.stop({ deadline: 0 }));
  const events: CertificateEvent[] = [];
  gateway.on('certificate', (event) => events.push(event));
  await gateway.start();
  return { gateway, next: () => eventually('an event', () => events.shift(), 60_000) };
}

/** seen is the certificate that a client is shown; rejects for one that is let go. */
async function seen(port: number, servername: string, options: ConnectionOptions = {}): Promise<PeerCertificate> {
  const socket = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false, ...options });
  try {
    await once(socket, 'secureConnect');
    return socket.getPeerCertificate();
  } finally {
    socket.destroy();
  }
}

/** SetClock runs on real time, and can be moved ahead. */
class SetClock implements Timers {
  #aheadMs = 0;
  #last = 0;
  readonly #set = new Map<number, { readonly atMs: number; readonly callback: () => void; timer?: NodeJS.Timeout }>();

  now(): number {
    return performance.now() + this.#aheadMs;
  }

  set(callback: () => void, delayMs: number): number {
    const id = ++this.#last;
    const fire = (): void => {
      this.#set.delete(id);
      callback();
    };
    const timer = setTimeout(fire, Math.min(delayMs, 2 ** 31 - 1)).unref();
    this.#set.set(id, { atMs: this.now() + delayMs, callback: fire, timer });
    return id;
  }

  clear(id: unknown): void {
    clearTimeout(this.#set.get(id as number)?.timer);
    this.#set.delete(id as number);
  }

  ahead(ms: number): void {
    this.#aheadMs += ms;
    for (const [id, { atMs, callback, timer }] of [...this.#set]) {
      if (atMs > this.now() || !this.#set.has(id)) continue;
      clearTimeout(timer);
      callback();
    }
  }
}

/** orders counts what the authority was asked for. */
function orders({ program }: Pebble): number {
  return program.output.match(/Added order "/g)?.length ?? 0;
}

function ask(port: number, path: string): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual' });
}

for (const by of ['http', 'tls']) {
  test(`a certificate comes by ${by}, over several threads, is trusted and kept`, needed, async (t) => {
    const site = await openSite(t, { env: { PEBBLE_WFE_NONCEREJECT: '30' } });
    const rules = site.rules({ source: `by ${by}`, names: 'a.test, b.test' });
    const { gateway, next } = await start(t, rules, { threads: 2 });
    assert.deepEqual(
      gateway.certificates().map(({ names, state, source, listeners }) => ({ names, state, source, listeners })),
      [{ names: ['a.test', 'b.test'], state: 'pending', source: 'acme', listeners: ['edge'] }],
    );
    const event = await next();
    assert.equal(event.isOk, true, event.reason);
    const ca = await site.pebble.root();
    const certificate = await seen(site.tlsPort, 'b.test', { ca, rejectUnauthorized: true });
    assert.equal(certificate.subjectaltname, 'DNS:a.test, DNS:b.test');
    const [state] = gateway.certificates();
    assert.equal(state!.state, 'valid');
    assert.ok(state!.nextMs! > Date.now() && state!.nextMs! < state!.expiresMs!);
    assert.equal(statSync(state!.file).mode & 0o777, 0o600);
    assert.equal(statSync(join(state!.file, '..')).mode & 0o777, 0o700);
    const left = readdirSync(join(state!.file, '..')).filter((name) => /lock|new|old/.test(name));
    assert.deepEqual(left, [], 'nothing is left over');
  });
}

test(
  'without a pending challenge, rules and handshakes handle the authority’s requests as usual',
  needed,
  async (t) => {
    const site = await openSite(t, { env: { PEBBLE_VA_ALWAYS_VALID: '1' } });
    const { next } = await start(t, site.rules());
    assert.equal((await next()).isOk, true);
    assert.equal((await ask(site.httpPort, '/.well-known/acme-challenge/nobody-asked-for-this')).status, 403);
    await assert.rejects(seen(site.tlsPort, 'a.test', { ALPNProtocols: ['acme-tls/1'] }));
    assert.equal((await seen(site.tlsPort, 'a.test')).subjectaltname, 'DNS:a.test');
  },
);

test('a stored certificate is served immediately after start-up, without a request', needed, async (t) => {
  const site = await openSite(t, { env: { PEBBLE_VA_ALWAYS_VALID: '1' } });
  const first = await start(t, site.rules());
  await first.next();
  const { serialNumber } = await seen(site.tlsPort, 'a.test');
  await first.gateway.stop({ deadline: 0 });
  const second = await start(t, site.rules());
  assert.equal((await seen(site.tlsPort, 'a.test')).serialNumber, serialNumber);
  await eventually('a look', () => second.gateway.certificates()[0]!.state === 'valid');
  assert.equal(orders(site.pebble), 1);
});

test('a certificate is renewed after two thirds of its lifetime, and open connections continue', needed, async (t) => {
  const clock = new SetClock();
  const site = await openSite(t);
  const { gateway, next } = await start(t, site.rules(), { threads: 1, timers: clock, random: () => 0.5 });
  assert.equal((await next()).isOk, true);
  const { serialNumber } = await seen(site.tlsPort, 'a.test');
  const open = connect({ host: '127.0.0.1', port: site.tlsPort, servername: 'a.test', rejectUnauthorized: false });
  await once(open, 'secureConnect');
  const [state] = gateway.certificates();
  const lifeMs = state!.expiresMs! - Date.now();
  const waitMs = state!.nextMs! - Date.now();
  assert.ok(waitMs > 0.66 * lifeMs && waitMs < 0.71 * lifeMs, `${waitMs / lifeMs} of its life`);
  clock.ahead(waitMs - 3_600_000);
  clock.ahead(3_600_000);
  // The authority's clock is the real one, so the new one is as good as the old one was.
  const event = await eventually('the renewal', async () => {
    clock.ahead(1000);
    return gateway.certificates()[0]!.obtained === 2 ? await next() : null;
  });
  assert.equal(event.isOk, true, event.reason);
  assert.match(event.reason, /was renewed/);
  assert.equal(event.source, 'acme', 'and not as a file of somebody else’s');
  assert.notEqual((await seen(site.tlsPort, 'a.test')).serialNumber, serialNumber);
  open.write('GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n');
  const [bytes] = await once(open, 'data');
  assert.match(String(bytes), /^HTTP\/1\.1 302 /);
  open.destroy();
});

test('failures are reported, delayed across restarts, and can be retried manually', needed, async (t) => {
  const site = await openSite(t);
  await site.pebble.send('a.test', '127.0.0.9');
  const first = await start(t, site.rules({ source: 'by http' }));
  const event = await first.next();
  assert.equal(event.isOk, false);
  assert.match(event.reason, /a\.test by http-01.*127\.0\.0\.9/);
  const inMs = event.nextMs! - Date.now();
  assert.ok(inMs > 3 * 60_000 && inMs < 7 * 60_000, `${inMs} ms`);
  const [state] = first.gateway.certificates();
  assert.equal(state!.state, 'failing');
  assert.deepEqual([state!.failures, state!.failed], [1, 1]);
  await assert.rejects(seen(site.tlsPort, 'a.test'), 'nobody is shown another name’s certificate');
  assert.equal((await ask(site.httpPort, '/')).status, 403, 'everything else goes on');
  await first.gateway.stop({ deadline: 0 });

  const second = await start(t, site.rules({ source: 'by http' }));
  await eventually('a look', () => second.gateway.certificates()[0]!.lastError !== null);
  const [again] = second.gateway.certificates();
  assert.deepEqual([again!.state, again!.failures, again!.nextMs], ['failing', 1, event.nextMs]);
  assert.equal(orders(site.pebble), 1, 'a start is no reason to ask again');
  await site.pebble.send('a.test', '127.0.0.1');
  assert.throws(
    () => second.gateway.renewCertificate('b.test'),
    /no certificate for `b\.test` is obtained automatically.*a\.test/,
  );
  second.gateway.renewCertificate('a.test');
  assert.equal((await second.next()).isOk, true);
  assert.deepEqual(second.gateway.certificates()[0]!.failures, 0);
  assert.equal((await seen(site.tlsPort, 'a.test')).subjectaltname, 'DNS:a.test');
});

test('where one kind of proof fails, the next attempt takes the other', needed, async (t) => {
  const site = await openSite(t);
  const rules = site.rules().replace(`listener web on 127.0.0.1:${site.httpPort}`, 'listener web on 127.0.0.1:0');
  const { gateway, next } = await start(t, rules);
  assert.equal((await next()).isOk, false);
  gateway.renewCertificate('a.test');
  const event = await next();
  assert.equal(event.isOk, true, event.reason);
});

test('a gateway starts without the authority, and gets its certificate when it is there', needed, async (t) => {
  const site = await openSite(t);
  await site.pebble.stop();
  const { gateway, next } = await start(t, site.rules());
  assert.equal((await ask(site.httpPort, '/')).status, 403);
  const event = await next();
  assert.match(event.reason, /connection refused/);
  assert.ok(event.nextMs! - Date.now() < 20_000, 'soon, as nothing was counted');
  const { port, ...rest } = site.pebble;
  void rest;
  const pebble = await startPebble({ httpPort: site.httpPort, tlsPort: site.tlsPort, port });
  t.after(() => pebble.stop());
  // Another authority's own certificate, which a reload reads.
  await gateway.reload({ rules: site.rules().replace(site.pebble.ca, pebble.ca) });
  gateway.renewCertificate('a.test');
  assert.equal(await eventually('one', async () => ((await next()).isOk ? true : null), 60_000), true);
});

test('a new account is created if the authority has forgotten the old one', needed, async (t) => {
  const site = await openSite(t, { env: { PEBBLE_VA_ALWAYS_VALID: '1' } });
  const { gateway, next } = await start(t, site.rules());
  assert.equal((await next()).isOk, true);
  const file = join(gateway.certificates()[0]!.file, '..', 'account.json');
  await gateway.stop({ deadline: 0 });
  const account = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...account, url: account.url.replace(/\w+$/, 'forgotten') }));
  const second = await start(t, site.rules({ names: 'b.test' }));
  const event = await second.next();
  assert.equal(event.isOk, true, event.reason);
});

test('of gateways that share a folder, one requests certificates and all serve them', needed, async (t) => {
  const site = await openSite(t, {
    env: { PEBBLE_VA_ALWAYS_VALID: '1', PEBBLE_VA_NOSLEEP: '', PEBBLE_VA_SLEEPTIME: '1' },
  });
  const anywhere = (): string => site.rules().replaceAll(/127\.0\.0\.1:(\d+) \{/g, '127.0.0.1:0 {');
  const gateways = await Promise.all([1, 2, 3].map(() => start(t, anywhere())));
  const serials = await Promise.all(
    gateways.map(({ gateway }) =>
      eventually(
        'a certificate',
        async () => {
          const { port } = gateway.addresses().edge as { port: number };
          return (await seen(port, 'a.test').catch(() => null))?.serialNumber;
        },
        60_000,
      ),
    ),
  );
  assert.equal(new Set(serials).size, 1);
  assert.equal(orders(site.pebble), 1);
});

test('damaged files in the folder are replaced', needed, async (t) => {
  const site = await openSite(t, { env: { PEBBLE_VA_ALWAYS_VALID: '1' } });
  const first = await start(t, site.rules());
  await first.next();
  const { file } = first.gateway.certificates()[0]!;
  await first.gateway.stop({ deadline: 0 });
  const whole = readFileSync(file, 'utf8');
  writeFileSync(file, whole.slice(0, whole.length / 2));
  writeFileSync(`${file}.state.json`, '{"failures": "many", "nextMs": 1e999');
  writeFileSync(join(file, '..', 'account.json'), '\0');
  const second = await start(t, site.rules());
  const event = await second.next();
  assert.equal(event.isOk, true, event.reason);
  assert.equal((await seen(site.tlsPort, 'a.test')).subjectaltname, 'DNS:a.test');
  assert.ok(readdirSync(join(file, '..')).includes('account.json.broken'));
});

test('certificates that are lost on arrival are not requested endlessly', needed, async (t) => {
  const site = await openSite(t, { env: { PEBBLE_VA_ALWAYS_VALID: '1' } });
  const first = await start(t, site.rules());
  await first.next();
  const { file } = first.gateway.certificates()[0]!;
  await first.gateway.stop({ deadline: 0 });
  const now = Date.now();
  writeFileSync(
    `${file}.state.json`,
    JSON.stringify({ issuedMs: [1, 2, 3, 4].map((days) => now - days * 86_400_000) }),
  );
  writeFileSync(file, 'lost');
  const second = await start(t, site.rules());
  const due = await eventually('a look', () => second.gateway.certificates()[0]!.nextMs);
  assert.ok(Math.abs(due - (now + 3 * 86_400_000)) < 60_000, 'a week after the first of the last four');
  assert.equal(orders(site.pebble), 1);
});

test(
  'a folder that cannot be written keeps a gateway from starting, and one that turns so from asking',
  needed,
  async (t) => {
    const site = await openSite(t);
    const blocked = join(temporaryFolder(), 'file');
    writeFileSync(blocked, '');
    const rules = site.rules().replace(`in "${site.folder}"`, `in "${blocked}"`);
    await assert.rejects(createGateway({ rules, logger: false }), /certificates cannot be stored in .*file\//);
    const [host] = [`127.0.0.1_${site.pebble.port}_dir`];
    mkdirSync(join(site.folder, host, 'a.test.pem.state.json'), { recursive: true, mode: 0o700 });
    const { next } = await start(t, site.rules());
    assert.equal((await next()).isOk, false);
    assert.equal(orders(site.pebble), 0);
  },
);

test('external account binding uses the configured key', needed, async (t) => {
  const key = Buffer.from('a key of the authority, thirty-two bytes').toString('base64url');
  const site = await openSite(t, { external: { 'kid-1': key }, env: { PEBBLE_VA_ALWAYS_VALID: '1' } });
  const without = await start(t, site.rules());
  const refused = await without.next();
  assert.match(refused.reason, /externalAccountRequired/);
  await without.gateway.stop({ deadline: 0 });
  process.env.SLUICE_SECRET_EAB = key;
  t.after(() => delete process.env.SLUICE_SECRET_EAB);
  const { gateway, next } = await start(t, site.rules({ source: 'external account kid-1 external key secret "eab"' }));
  gateway.renewCertificate('a.test');
  const event = await next();
  assert.equal(event.isOk, true, event.reason);
  assert.ok(!JSON.stringify(gateway.plan).includes(key));
});

test('of one name there are both kinds of keys, got at once by tls', needed, async (t) => {
  const site = await openSite(t);
  const { gateway, next } = await start(
    t,
    site.rules({ source: 'by tls', edge: 'certificate from acme for a.test rsa' }),
  );
  for (const event of [await next(), await next()]) assert.equal(event.isOk, true, event.reason);
  assert.equal(gateway.certificates().length, 2);
  const options = { maxVersion: 'TLSv1.2', minVersion: 'TLSv1.2' } as const;
  const rsa = await seen(site.tlsPort, 'a.test', { ...options, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' });
  const ec = await seen(site.tlsPort, 'a.test', { ...options, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' });
  assert.deepEqual([rsa.bits, ec.bits], [2048, 256]);
});

test('a reload in the middle of an order leaves it alone, and one without the line gives it up', needed, async (t) => {
  const slow = { PEBBLE_VA_NOSLEEP: '', PEBBLE_VA_SLEEPTIME: '3' };
  const site = await openSite(t, { env: slow });
  const { gateway, next } = await start(t, site.rules());
  await eventually('the order', () => orders(site.pebble) === 1);
  await gateway.reload({ rules: site.rules({ plain: 'allow method GET' }) });
  const event = await next();
  assert.equal(event.isOk, true, event.reason);
  assert.equal(orders(site.pebble), 1);
  await gateway.reload({ rules: site.rules({ names: 'b.test' }) });
  await eventually('the second order', () => orders(site.pebble) === 2);
  await gateway.reload({ rules: site.rules() });
  await eventually('the lock to be gone', () => {
    const { file } = gateway.certificates()[0]!;
    return !readdirSync(join(file, '..')).some((name) => name.endsWith('.lock'));
  });
  assert.deepEqual(
    gateway.certificates().map(({ names }) => names),
    [['a.test']],
  );
});

test('stops in the middle of an order are forgiven three times', needed, async (t) => {
  const site = await openSite(t, { env: { PEBBLE_VA_NOSLEEP: '', PEBBLE_VA_SLEEPTIME: '15' } });
  for (let time = 1; time <= 4; time++) {
    const { gateway } = await start(t, site.rules());
    await eventually('the order', () => orders(site.pebble) === time);
    await gateway.stop({ deadline: 0 });
  }
  const { gateway } = await start(t, site.rules());
  await eventually('a look', () => gateway.certificates()[0]!.lastError === 'the attempt was cut short');
  assert.equal(orders(site.pebble), 4);
});

test('a gateway that dies in the middle of an order, and starts over and over, asks once', needed, async (t) => {
  const site = await openSite(t, { env: { PEBBLE_VA_NOSLEEP: '', PEBBLE_VA_SLEEPTIME: '15' } });
  const file = join(temporaryFolder(), 'edge.sluice');
  writeFileSync(file, site.rules());
  const first = sluice('run', file, '--no-supervisor');
  await eventually('the order', () => orders(site.pebble) === 1);
  first.signal('SIGKILL');
  await first.exited;
  for (let time = 0; time < 2; time++) {
    const { gateway } = await start(t, site.rules());
    await eventually('a look', () => gateway.certificates()[0]!.lastError === 'the attempt was cut short');
    assert.ok(gateway.certificates()[0]!.nextMs! > Date.now() + 60_000);
    await gateway.stop({ deadline: 0 });
  }
  assert.equal(orders(site.pebble), 1);
});

test('sluice ctl and the metrics show the state of certificates', needed, async (t) => {
  const site = await openSite(t);
  await site.pebble.send('a.test', '127.0.0.9');
  const rules = site.rules({ source: 'by http' }).replace('settings {', 'settings {\n  admin on 127.0.0.1:0\n');
  const { gateway, next } = await start(t, rules);
  await next();
  const { port } = gateway.adminAddress as { port: number };
  const ctl = async (...args: string[]): Promise<{ code: number | null; output: string }> => {
    const program = sluice('ctl', 'certificates', '--admin', `127.0.0.1:${port}`, ...args);
    const { code } = await program.exited;
    return { code, output: program.output };
  };
  const failing = await ctl();
  assert.equal(failing.code, 0, failing.output);
  assert.match(
    failing.output,
    /^NAMES +SOURCE +STATE +EXPIRES +NEXT +LAST ERROR\na\.test +acme +failing +- +\d{4}-\S+ \S+ +.*127\.0\.0\.9.*\(1 in a row\)/,
  );
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  assert.match(metrics, /sluice_certificate_valid\{source="acme",names="a\.test"\} 0/);
  assert.match(metrics, /sluice_certificate_failed_total\{source="acme",names="a\.test"\} 1/);
  const unknown = await ctl('--renew', 'b.test');
  assert.deepEqual([unknown.code, /no certificate for `b\.test` is obtained/.test(unknown.output)], [1, true]);
  await site.pebble.send('a.test', '127.0.0.1');
  assert.equal((await ctl('--renew', 'a.test')).code, 0);
  assert.equal((await next()).isOk, true);
  const { certificates } = JSON.parse((await ctl('--json')).output);
  assert.deepEqual([certificates[0].state, certificates[0].lastError], ['valid', null]);
  assert.equal(Number.isNaN(Date.parse(certificates[0].expires)), false);
});

test('the rules on the page behave as described', needed, async (t) => {
  const site = await openSite(t);
  const page = readFileSync(new URL('../../docs/acme.md', import.meta.url), 'utf8');
  const source = `acme "${site.pebble.directory}" ca "${site.pebble.ca}" in "${site.folder}"`;
  const rules = /^```sluice\n(.*?)^```/ms
    .exec(page)![1]!
    .replace('acme letsencrypt', source)
    .replace('on :80 ', `on 127.0.0.1:${site.httpPort} `)
    .replace('on :443 ', `on 127.0.0.1:${site.tlsPort} `);
  const { gateway, next } = await start(t, rules);
  for (const event of [await next(), await next()]) assert.equal(event.isOk, true, event.reason);
  const ca = await site.pebble.root();
  for (const name of ['example.com', 'www.example.com', 'shop.example.com']) {
    const { subjectaltname } = await seen(site.tlsPort, name, { ca, rejectUnauthorized: true });
    assert.match(String(subjectaltname), new RegExp(`DNS:${name}\\b`));
  }
  assert.equal(gateway.certificates().length, 2);
});
