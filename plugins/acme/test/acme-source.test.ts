/**
 * Certificates are kept: renewed in time, by the authority's own wish, and given up by reloads.
 */
import assert from 'node:assert/strict';
import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { after, before, beforeEach, test } from 'node:test';
import { FakeCertificateHost } from '@sluice/plugin-kit';
import { FakeAuthority } from './fake-authority.ts';
import { openSource } from './open-source.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let authority: FakeAuthority;
before(async () => {
  authority = await FakeAuthority.start();
});
after(() => authority.stop());
beforeEach(() => {
  authority.spoil = () => {};
  authority.window = null;
  authority.days = 90;
  authority.now = Date.now;
  authority.asked.length = 0;
  authority.payloads.length = 0;
});

const orders = (): number => authority.asked.filter((path) => path === '/new-order').length;

/** until moves a host's clock on until something is told. */
async function until(host: FakeCertificateHost, stepMs: number) {
  let isTold = false;
  const next = host.next().finally(() => {
    isTold = true;
  });
  while (!isTold) {
    // Only while nothing is under way, which takes real time.
    if (host.isIdle) host.ahead(stepMs);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return next;
}

test('a proof is up while the authority looks, and only then', async () => {
  const host = new FakeCertificateHost();
  const seen: string[] = [];
  authority.spoil = (path) => {
    if (path === 'challenge') seen.push(...host.posted.keys());
  };
  const { source } = openSource(authority, host, ['a.test', 'b.test']);
  assert.equal((await host.next()).isOk, true);
  assert.deepEqual(seen, ['http token-for-a_test-0000', 'http token-for-b_test-0000']);
  assert.equal(host.posted.size, 0);
  assert.equal(host.changes, 1);
  await source.stop();
});

test('account creation and agreement are reported once and stored', async () => {
  const host = new FakeCertificateHost();
  const first = openSource(authority, host, ['a.test'], { email: 'ops@example.com' });
  assert.equal((await host.next()).isOk, true);
  await first.source.stop();
  const account = authority.payloads.find(({ path }) => path === '/account')!;
  assert.deepEqual([account.termsOfServiceAgreed, account.contact], [true, ['mailto:ops@example.com']]);
  authority.asked.length = 0;
  const second = openSource(authority, new FakeCertificateHost(), ['a.test'], { folder: first.folder });
  second.source.renew('a.test');
  await new Promise((resolve) => setTimeout(resolve, 50));
  await second.source.stop();
  assert.ok(!authority.asked.includes('/account'));
});

test('a certificate is renewed when the authority suggests it, and names the one it replaces', async () => {
  const at = (ms: number): string => new Date(Date.now() + ms).toISOString();
  authority.window = { start: at(10 * DAY), end: at(11 * DAY) };
  const host = new FakeCertificateHost();
  const { source } = openSource(authority, host, ['a.test']);
  const first = await host.next();
  const event = await until(host, 10 * 60_000);
  assert.equal(event.isOk, true, event.reason);
  assert.ok(host.aheadMs > 10 * DAY && host.aheadMs < 11.5 * DAY, `${host.aheadMs / DAY} days`);
  assert.match(String(authority.payloads.findLast(({ path }) => path === '/new-order')!.replaces), /^[\w-]+\.[\w-]+$/);
  assert.ok(first.nextMs! > Date.now() + 59 * DAY, 'before that was known, it was after two thirds');
  await source.stop();
});

test('a wish that is no window, or cannot be had, changes nothing', async () => {
  for (const window of [
    { start: 'x', end: 'y' },
    { start: '2030-01-01', end: '2020-01-01' },
  ]) {
    authority.window = window;
    const host = new FakeCertificateHost();
    const { source } = openSource(authority, host, ['a.test']);
    await host.next();
    const event = await until(host, 3 * HOUR);
    assert.equal(event.isOk, true, event.reason);
    assert.ok(host.aheadMs > 60 * DAY && host.aheadMs < 63 * DAY, `${host.aheadMs / DAY} days`);
    await source.stop();
  }
});

test('a renewal that fails leaves the certificate alone, and is tried again', async () => {
  const host = new FakeCertificateHost();
  const { source, file } = openSource(authority, host, ['a.test']);
  assert.equal((await host.next()).isOk, true);
  const text = readFileSync(file, 'utf8');
  authority.spoil = (path, said) => {
    if (path === 'new-order') said.status = 500;
  };
  const failure = await until(host, 3 * HOUR);
  assert.equal(failure.isOk, false);
  const [state] = source.states();
  assert.deepEqual([state!.state, state!.failures], ['valid', 1]);
  assert.equal(readFileSync(file, 'utf8'), text);
  authority.spoil = () => {};
  const event = await until(host, 60_000);
  assert.match(event.reason, /was renewed/);
  await source.stop();
});

test('an expired certificate is reported as expired', async () => {
  const host = new FakeCertificateHost();
  const { source } = openSource(authority, host, ['a.test']);
  await host.next();
  authority.spoil = (path, said) => {
    said.isBroken = path === 'new-order';
  };
  host.aheadMs += 91 * DAY;
  assert.equal(source.states()[0]!.state, 'expired');
  await source.stop();
});

test('a certificate obtained by another gateway in the folder is used, without a request', async () => {
  const own = new FakeCertificateHost();
  const { source, folder, file } = openSource(authority, own, ['a.test']);
  await own.next();
  const other = new FakeCertificateHost();
  const second = openSource(authority, other, ['a.test'], { folder });
  await until(own, 3 * HOUR);
  assert.equal(orders(), 2);
  while (other.changes < 2) {
    if (other.isIdle) other.ahead(6 * HOUR);
    await new Promise((resolve) => setImmediate(resolve));
    other.aheadMs = 0;
  }
  assert.equal(orders(), 2);
  assert.equal(second.source.states()[0]!.obtained, 0);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  await Promise.all([source.stop(), second.source.stop()]);
});

test('unchanged lines change nothing; removed lines stop their certificates', async () => {
  const host = new FakeCertificateHost();
  const { source, keep } = openSource(authority, host, ['a.test']);
  keep();
  await host.next();
  keep();
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(orders(), 1);
  assert.equal(source.renew('A.test'), true);
  assert.equal((await host.next()).isOk, true);
  assert.equal(source.renew('b.test'), false);
  await source.stop();
  assert.deepEqual(source.states(), []);
});

test('a stop while the authority thinks ends at once', async () => {
  const host = new FakeCertificateHost();
  let began = (): void => {};
  const asked = new Promise<void>((resolve) => {
    began = resolve;
  });
  authority.spoil = (path, said) => {
    if (path !== 'authorization') return;
    said.body = said.body.replaceAll('"valid"', '"pending"');
    said.headers['retry-after'] = '60';
    began();
  };
  const { source, file } = openSource(authority, host, ['a.test']);
  await asked;
  await source.stop();
  assert.equal(host.posted.size, 0);
  assert.equal(JSON.parse(readFileSync(`${file}.state.json`, 'utf8')).cutShort, 1);
});

test('a certificate for another key or other names is requested again', async () => {
  const host = new FakeCertificateHost();
  const { source, folder } = openSource(authority, host, ['a.test']);
  await host.next();
  await source.stop();
  const { file: wanted, source: other } = openSource(authority, new FakeCertificateHost(), ['b.test'], { folder });
  await other.stop();
  const { file } = source.states()[0] ?? { file: wanted.replace('b.test', 'a.test') };
  writeFileSync(wanted, readFileSync(file, 'utf8'));
  const old = new Date(0);
  utimesSync(wanted, old, old);
  const third = new FakeCertificateHost();
  const last = openSource(authority, third, ['b.test'], { folder });
  assert.equal((await third.next()).isOk, true);
  await last.source.stop();
});

test('a wait that a wrong clock wrote down is not waited for', async () => {
  const first = openSource(authority, new FakeCertificateHost(), ['a.test']);
  await first.source.stop();
  writeFileSync(`${first.file}.state.json`, JSON.stringify({ failures: 3, nextMs: Date.now() + 400 * DAY }));
  const host = new FakeCertificateHost();
  const { source } = openSource(authority, host, ['a.test'], { folder: first.folder });
  assert.equal((await host.next()).isOk, true);
  await source.stop();
});

test('an authority that would have each new one renewed at once gets its way four times a week', async () => {
  authority.window = { start: new Date(0).toISOString(), end: new Date(1).toISOString() };
  const host = new FakeCertificateHost();
  const { source } = openSource(authority, host, ['a.test']);
  for (let time = 0; time < 4; time++) assert.equal((await until(host, 60_000)).isOk, true);
  assert.ok(host.aheadMs < HOUR, `${host.aheadMs} ms`);
  await until(host, 3 * HOUR);
  assert.ok(host.aheadMs > 6.9 * DAY && host.aheadMs < 7.2 * DAY, `${host.aheadMs / DAY} days`);
  await source.stop();
});

test('a window that is far away does not make a certificate run out', async () => {
  const at = (ms: number): string => new Date(Date.now() + ms).toISOString();
  authority.window = { start: at(400 * DAY), end: at(401 * DAY) };
  const host = new FakeCertificateHost();
  const { source } = openSource(authority, host, ['a.test']);
  await host.next();
  await until(host, 3 * HOUR);
  assert.ok(host.aheadMs < 89 * DAY, `${host.aheadMs / DAY} days`);
  await source.stop();
});

test('certificates that live for a day are renewed each day, and one that gets lost comes at once', async () => {
  authority.days = 1;
  const host = new FakeCertificateHost();
  authority.now = () => host.timers.now();
  const { source, file } = openSource(authority, host, ['a.test']);
  for (let time = 0; time < 8; time++) assert.equal((await until(host, 10 * 60_000)).isOk, true);
  writeFileSync(file, 'lost');
  const event = await until(host, 10 * 60_000);
  assert.match(event.reason, /was obtained/);
  await source.stop();
});
