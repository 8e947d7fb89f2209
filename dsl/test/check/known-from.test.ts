import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileText } from '../compile-text.ts';

async function compiled(lines: string, protocol = '', before = '') {
  const { diagnostics, plan } = await compileText(`${before}
listener edge on :443 ${protocol} {
  ${lines}
  otherwise send to app
}
backend app of a:80`);
  return { plan: plan?.listeners[0], found: diagnostics.map(({ code, message }) => `${code} ${message}`) };
}

const TLS = 'tls terminate cert "a.pem"';
const PROXY = 'accept proxy from 10.0.0.0/8';

for (const [lines, protocol = ''] of [
  [`${TLS}; deny team cert absent`],
  [`${TLS}; deny team cert absent`, 'tcp'],
  [`${TLS}; set header X-Cert to "{team.cert}"`],
  [`${TLS}; on response { set header X-Cert to "{team.cert}" }`],
  [`${PROXY}; deny proxy team absent`],
  [`${PROXY}; ${TLS}; tls passthrough to app when proxy team blue and sni a.test`],
] as const) {
  test(`known: ${lines} ${protocol}`, async () => {
    assert.deepEqual((await compiled(lines, protocol)).found, []);
  });
}

const NO_TLS = 'SL0407 `team cert` is unknown in a listener that opens no TLS';
for (const [lines, message, protocol = '', before = ''] of [
  ['deny team cert absent', NO_TLS],
  ['deny a', NO_TLS, '', 'define a = team cert is blue'],
  ['set header X-Cert to "{team.cert}"', NO_TLS],
  ['on response { set header X-Cert to "{team.cert}" }', NO_TLS],
  ['tls passthrough; deny team cert absent', NO_TLS, 'tcp'],
  [`${TLS}; tls passthrough to app when team cert blue`, 'SL0407 `team cert` is unknown before TLS is opened'],
  ['deny proxy team absent', 'SL0407 `proxy team` is unknown in a listener without `accept proxy`'],
  ['set header X-Name to "{sni}"', 'SL0407 `sni` is unknown in a listener without TLS'],
  ['forward client certificate', 'SL0407 `client certificate` is unknown in a listener that opens no TLS'],
] as const) {
  test(`unknown: ${before} ${lines} ${protocol}`, async () => {
    assert.deepEqual((await compiled(lines, protocol, before)).found, [message]);
  });
}

test('header fields that rules fill with what the connection shows are the gateway’s own', async () => {
  const { plan } = await compiled(`${TLS}
  forward client certificate
  set header X-Cert to "{team.cert}" when path is /a
  add header X-Name to "it is {sni}"
  set header X-Path to "{path}"`);
  assert.deepEqual(plan?.ownHeaders, ['x-cert', 'x-name', 'client-cert', 'client-cert-chain']);
  assert.equal(plan?.forwardsCertificate, true);
  assert.equal(plan?.readsHello, true);
  const plain = await compiled('set header X-Path to "{path}"');
  assert.equal(plain.plan?.ownHeaders, undefined);
});

test('a placeholder may be any field without a key that is known of a request', async () => {
  assert.deepEqual((await compiled('set header X-A to "{port} {ip} {method}"')).found, []);
  for (const name of ['team', 'status', 'team cert', 'header']) {
    const { found } = await compiled(`${TLS}; set header X-A to "{${name}}"`);
    assert.match(found[0]!, /^SL0612/, name);
  }
});

test('`on half-close` is abort or answer, of http and of tcp', async () => {
  assert.equal((await compiled('')).plan?.onHalfClose, undefined);
  for (const fate of ['abort', 'answer']) {
    assert.equal((await compiled(`on half-close ${fate}`)).plan?.onHalfClose, fate);
    assert.equal((await compiled(`on half-close ${fate}`, 'tcp')).plan?.onHalfClose, fate);
  }
  for (const [line, code] of [
    ['on half-close awnser', /^SL0614/],
    ['on half-close', /^SL0117/],
    ['on half-close abort answer', /^SL0118/],
    ['on half-close abort; on half-close answer', /^SL0122/],
  ] as const) {
    assert.match((await compiled(line)).found[0]!, code, line);
  }
});

test('`protocol http1` is the listener’s, and http’s', async () => {
  assert.equal((await compiled('protocol http1')).plan?.isHttp1Only, true);
  assert.equal((await compiled('')).plan?.isHttp1Only, undefined);
  for (const [line, protocol] of [
    ['protocol http2', ''],
    ['protocol', ''],
    ['protocol http1', 'tcp'],
    ['protocol http1; protocol http1', ''],
  ] as const) {
    assert.equal((await compiled(line, protocol)).found.length, 1, line);
  }
});

test('a test may be given what a connection shows', async () => {
  const { plan } = await compileText(`listener edge on :443 { ${TLS}; otherwise send to app }
backend app of a:80
test "blue" {
  given GET https://a.test/, team cert is "dark blue", proxy team is red
  expect allow
}`);
  assert.deepEqual(plan!.tests[0]!.request.given, { 'team cert': 'dark blue', 'proxy team': 'red' });
  for (const [given, code] of [
    ['team cert is blue, team cert is red', 'SL0807'],
    ['team cert blue', 'SL0804'],
    ['team cert is', 'SL0804'],
    ['team is blue', 'SL0804'],
  ] as const) {
    const { diagnostics } = await compileText(`listener edge on :443 { ${TLS}; otherwise send to app }
backend app of a:80
test "blue" {
  given GET https://a.test/, ${given}
  expect allow
}`);
    assert.deepEqual(
      diagnostics.map((found) => found.code),
      [code],
      given,
    );
  }
});
