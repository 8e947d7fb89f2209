/**
 * Connections that bring no request which a rule could see: `explain` says what live traffic does with them, and why.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientHello, connectTo, startGateway } from '../kit/index.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const BACKEND = 'backend app of 127.0.0.1:9\n';

interface Refused {
  readonly listener: string;
  readonly url: (port: number) => string;
  readonly bytes: string | Buffer;
  /** null: closed without an answer. */
  readonly status: number | null;
  readonly reason: RegExp;
}

const CASES: Readonly<Record<string, Refused>> = {
  'a request without TLS at a listener that opens TLS': {
    listener: 'tls terminate self-signed for a.example',
    url: (port) => `http://a:${port}/`,
    bytes: GET,
    status: null,
    reason: /expects TLS/,
  },
  'a request over TLS at a listener that opens none': {
    listener: '',
    url: (port) => `https://a:${port}/`,
    bytes: clientHello(),
    status: 400,
    reason: /opens no TLS/,
  },
  'a request without a PROXY header from a peer of `accept proxy`': {
    listener: 'accept proxy from 127.0.0.0/8',
    url: (port) => `http://a:${port}/`,
    bytes: GET,
    status: null,
    reason: /does not begin with a PROXY header/,
  },
};

for (const [name, { listener, url, bytes, status, reason }] of Object.entries(CASES)) {
  test(`${name}: explain agrees with live traffic`, async (t) => {
    const rules = `listener web on 127.0.0.1:0 {\n  ${listener}\n  otherwise send to app\n}\n${BACKEND}`;
    const { gateway, address, stop } = await startGateway(rules);
    t.after(stop);
    const { verdict, by } = await gateway.explain(`GET ${url(address.port)}`);
    assert.equal(by, null);
    assert.ok(verdict.kind === 'close' || verdict.kind === 'answer');
    assert.equal(verdict.kind === 'close' ? null : verdict.status, status);
    assert.match(verdict.reason!, reason);
    const wire = await connectTo(address);
    wire.send(bytes);
    if (status === null) {
      await wire.closed();
      // An alert of TLS is no answer.
      assert.ok(!wire.received.toString('latin1').startsWith('HTTP/'));
    } else assert.equal((await wire.answer()).status, status);
    wire.destroy();
  });
}

test('a PROXY header that is given counts as there', async () => {
  const rules = `listener web on 127.0.0.1:0 {\n  accept proxy from 127.0.0.0/8\n  deny 404 when proxy sni is a\n  otherwise deny\n}\n`;
  const { gateway, stop } = await startGateway(rules);
  const { verdict } = await gateway.explain({ request: 'GET http://a/', given: { 'proxy sni': 'a' } });
  assert.deepEqual(verdict, { kind: 'answer', status: 404, headers: [] });
  await stop();
});
