import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import test from 'node:test';
import fc from 'fast-check';
import { IpSet } from '../../../src/match/address/ip-set.ts';
import { buildIpTable, IpTable } from '../../../src/match/address/ip-table.ts';
import { ipV4, ipV6, parseCidr, parseIp } from '../../../src/match/address/parse-ip.ts';
import { finish } from '../../../src/match/build/steps.ts';
import { WordPool } from '../../../src/match/build/word-pool.ts';

const RUNS = Number(process.env.SLUICE_PROPERTY_RUNS ?? 1) * 500;

// Addresses near to each other and to the ends of the space, so that networks nest, touch and meet their limits.
const word = fc.oneof(fc.nat(7), fc.integer({ min: 0xfffffff8, max: 0xffffffff }), fc.nat(0xffffffff));
const v4 = word.map((number) => ipV4(number));
const v6 = fc.tuple(word, word, word, word).map((words) => ipV6(...words));
const address = fc.oneof(v4, v6);
const cidr = fc.tuple(address, fc.nat(128), fc.boolean()).map(([ip, bits, isNarrow]) => {
  const longest = ip.isV4 ? 32 : 128;
  return `${ip.text}/${isNarrow ? longest - (bits % 5) : bits % (longest + 1)}`;
});
const cidrs = fc.array(cidr, { maxLength: 40 });

test("a set agrees with node's BlockList", () => {
  fc.assert(
    fc.property(cidrs, fc.array(address, { maxLength: 40 }), (networks, addresses) => {
      const set = IpSet.from(networks);
      const list = new BlockList();
      for (const network of networks) {
        const [base = '', prefix] = network.split('/');
        list.addSubnet(base, Number(prefix), base.includes(':') ? 'ipv6' : 'ipv4');
      }
      const edges = networks.map((network) => parseCidr(network)!.first);
      for (const ip of [...addresses, ...edges]) {
        // BlockList lets IPv6 networks hold IPv4-mapped addresses and the other way round; here families stand apart.
        const family = ip.isV4 ? 'ipv4' : 'ipv6';
        const own = networks.filter((network) => network.includes(':') !== ip.isV4);
        const expected =
          own.length > 0 && list.check(ip.text, family) && own.some((network) => holds(network, ip.text));
        assert.equal(set.has(ip), expected, `${ip.text} in ${networks.join(' ')}`);
      }
    }),
    { numRuns: RUNS },
  );
});

function holds(network: string, ip: string): boolean {
  const [, prefix] = network.split('/');
  return parseCidr(`${ip}/${prefix}`)!.first.text === parseCidr(network)!.first.text;
}

test('a table finds all networks around an address, the smallest first', () => {
  fc.assert(
    fc.property(cidrs, fc.array(address, { maxLength: 20 }), (texts, addresses) => {
      const networks = texts.map((text) => parseCidr(text)!);
      const pool = new WordPool();
      const at = finish(buildIpTable(pool, texts));
      const table = new IpTable(pool.words, at);
      for (const ip of [...addresses, ...networks.map((network) => network.first)]) {
        const found: number[] = [];
        for (let at = table.innermost(ip); at >= 0; at = table.parent(at)) found.push(at);
        const expected = texts.flatMap((text, index) =>
          networks[index]!.first.isV4 === ip.isV4 && holds(text, ip.text) ? [index] : [],
        );
        assert.deepEqual(
          found.toSorted((a, b) => a - b),
          expected,
        );
        const prefixes = found.map((index) => networks[index]!.prefix);
        assert.deepEqual(
          prefixes,
          prefixes.toSorted((a, b) => b - a),
        );
      }
    }),
    { numRuns: RUNS },
  );
});

test('networks inside others are left out', () => {
  assert.equal(IpSet.from([]).size, 0);
  assert.equal(IpSet.from(['10.0.0.0/9', '10.128.0.0/9', '10.1.0.0/16', '11.0.0.0/8']).size, 3);
  assert.equal(IpSet.from(['10.0.0.0/24', '10.0.2.0/24', '2001:db8::/32', '::ffff:10.0.1.0/120']).size, 4);
  assert.equal(IpSet.from(['0.0.0.0/0', '::/0']).size, 2);
});

test('a set of IPv4 networks holds no IPv6 address, whatever its last word', () => {
  assert.equal(IpSet.from(['0.0.0.0/0']).has(parseIp('::1')!), false);
  assert.equal(IpSet.from(['::/0']).has(parseIp('10.0.0.1')!), false);
});

test('a bad network is named', () => {
  assert.throws(() => IpSet.from(['10.0.0.0/8', '1o.0.0.0/8']), /`1o\.0\.0\.0\/8` is not an IP address or range/);
});
