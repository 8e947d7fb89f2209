import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileText } from '../compile-text.ts';

const BACKENDS = 'backend app of a:443\nbackend pay of b:443 { tls passthrough }';

async function codes(listener: string, backends = BACKENDS): Promise<readonly string[]> {
  const { diagnostics } = await compileText(`${listener}\n${backends}`);
  return diagnostics.map(({ code }) => code);
}

test('passthrough lines are routes of their own, with conditions of the connection', async () => {
  const { plan } = await compileText(`listener edge on :443 tcp {
  tls passthrough
  tls passthrough to pay when sni pay.example.com, Shop.example.com and ip 10.0.0.0/8
  send to pay when sni like *.pay.example.com
  otherwise send to app
}
${BACKENDS}`);
  const { passthroughs, readsHello, isPassthrough, routes } = plan!.listeners[0]!;
  assert.equal(passthroughs?.length, 1);
  assert.deepEqual(passthroughs![0]!.args, { backend: 'pay' });
  assert.equal(readsHello, true);
  assert.equal(isPassthrough, true);
  assert.equal(routes.length, 2);
  assert.equal(plan!.backends[1]!.isPassthrough, true);
});

test('a listener without conditions on the hello does not read it', async () => {
  const { plan } = await compileText('listener db on :5432 tcp { otherwise send to app }\nbackend app of a:443');
  assert.equal(plan!.listeners[0]!.readsHello, undefined);
});

const WRONG: readonly (readonly [listener: string, code: string])[] = [
  ['listener edge on :443 tcp { tls passthrough to pay when path under /a; otherwise send to app }', 'SL0407'],
  [
    'define a = path is /a\nlistener edge on :443 tcp { tls passthrough to pay when a; otherwise send to app }',
    'SL0407',
  ],
  ['listener edge on :443 tcp { tls passthrough; tls passthrough to pay; otherwise send to app }', 'SL0304'],
  ['listener edge on :443 { tls passthrough; otherwise send to app }', 'SL0117'],
  ['listener edge on :443 { tls passthrough to pay when sni a.example; otherwise send to app }', 'SL0409'],
  ['listener edge on :443 { deny sni a.example; otherwise send to app }', 'SL0407'],
  ['listener edge on :443 tcp { send to pay when sni a.example; otherwise send to app }', 'SL0407'],
  ['define a = sni a.example\nlistener edge on :443 tcp { deny a; otherwise send to pay }', 'SL0407'],
  ['listener edge on :443 tcp { tls passthrough when ip 10.0.0.1; otherwise send to app }', 'SL0123'],
  ['listener edge on :443 tcp { tls passthrough; tls passthrough; otherwise send to app }', 'SL0122'],
  [
    'listener edge on :443 tcp { tls passthrough; tls passthrough to pay when not sni a.example; otherwise send to app }',
    'SL0305',
  ],
  ['listener edge on :443 tcp { otherwise send to app; tls passthrough }', 'SL0306'],
  ['listener web on :80 { send to app when path is /a; otherwise send to pay }', 'SL0410'],
];

for (const [listener, code] of WRONG) {
  test(`${code}: ${listener}`, async () => {
    assert.ok((await codes(listener)).includes(code), String(await codes(listener)));
  });
}

test('a word of a later phase is an error that lists the available ones', async () => {
  const { diagnostics } = await compileText(
    `listener edge on :443 tcp { tls passthrough; tls passthrough to pay when path is /a; otherwise send to app }\n${BACKENDS}`,
  );
  assert.equal(diagnostics[0]!.message, '`path` is unknown before TLS is opened');
  assert.match(diagnostics[0]!.fix!, /Here: ip, port, sni/);
});

test('a backend that requests fall back to is one that requests are sent to', async () => {
  const backends = 'backend app of a:80 { fall back to pay }\nbackend pay of b:443 { tls passthrough }';
  assert.ok((await codes('listener web on :80 { otherwise send to app }', backends)).includes('SL0410'));
});

test('proxies are networks and lists, said once', async () => {
  const { plan } = await compileText(`list own = ips 10.0.0.0/8
listener web on :80 tcp { accept proxy from own, 192.0.2.1; otherwise send to app }
backend app of a:80`);
  assert.deepEqual(plan!.listeners[0]!.proxies, { trust: ['10.0.0.0/8', '192.0.2.1'], trustLists: [] });
  for (const line of ['accept proxy', 'accept proxy from', 'accept proxy from all', 'accept proxy from 10.0.0.1/8']) {
    assert.notDeepEqual(
      await codes(`listener web on :80 { ${line}; otherwise send to app }`, 'backend app of a:80'),
      [],
    );
  }
});
