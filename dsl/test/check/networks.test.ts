import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatText } from '../../src/tools/index.ts';
import { compileText } from '../compile-text.ts';

async function compiled(lines: string) {
  const { diagnostics, plan } = await compileText(`
listener edge on :443 {
  ${lines}
  otherwise send to app
}
backend app of a:80`);
  return { plan: plan?.listeners[0], codes: diagnostics.map(({ code }) => code) };
}

test('prefixes after `per ip` are for IPv4, IPv6, or both', async () => {
  const limits = async (networks: string) => {
    const { plan, codes } = await compiled(
      `connections at most 5 per ip ${networks}; new connections at most 5/s per ip ${networks}; limit 5/s per ip ${networks}`,
    );
    assert.deepEqual(codes, []);
    const { connectionNetworks, newConnectionNetworks } = plan!.limits;
    assert.deepEqual(connectionNetworks, newConnectionNetworks);
    return { networks: connectionNetworks, key: plan!.guards[0]!.args.key };
  };
  assert.deepEqual(await limits(''), { networks: undefined, key: ['ip'] });
  assert.deepEqual(await limits('/24'), { networks: [24, 64], key: ['ip', '24', '64'] });
  assert.deepEqual(await limits('/56'), { networks: [32, 56], key: ['ip', '32', '56'] });
  assert.deepEqual(await limits('ipv6 /128'), { networks: [32, 128], key: ['ip', '32', '128'] });
  assert.deepEqual(await limits('/24 ipv6 /48'), { networks: [24, 48], key: ['ip', '24', '48'] });
  assert.deepEqual(await limits('ipv6 /24'), { networks: [32, 24], key: ['ip', '32', '24'] });
});

for (const [networks, code] of [
  ['/0', 'SL0616'],
  ['/129', 'SL0616'],
  ['/x', 'SL0605'],
  ['ipv6', 'SL0117'],
  ['ipv6 56', 'SL0605'],
  ['/56 ipv6 /64', 'SL0121'],
  ['24', 'SL0118'],
] as const) {
  test(`wrong: per ip ${networks}`, async () => {
    for (const line of [`connections at most 5 per ip ${networks}`, `limit 5/s per ip ${networks}`])
      assert.deepEqual((await compiled(line)).codes, [code], line);
  });
}

test('only an address has networks', async () => {
  assert.notDeepEqual((await compiled('limit 5/s per host /24')).codes, []);
});

test('the formatter leaves networks where they are', () => {
  const text =
    'listener a on :80 {\n  connections at most 5 per ip /24 ipv6 /56\n  limit 5/s per ip /24 ipv6 /56\n  otherwise deny\n}\n';
  assert.equal(formatText(text).text, text);
});
