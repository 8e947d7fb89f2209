import assert from 'node:assert/strict';
import { BlockList, isIP } from 'node:net';
import test from 'node:test';
import fc from 'fast-check';
import { parseCidr, parseIp } from '../../../src/match/address/parse-ip.ts';

const RUNS = Number(process.env.SLUICE_PROPERTY_RUNS ?? 1) * 3000;

test('parseIp reads every form of RFC 4291 and writes RFC 5952', () => {
  const cases: [string, string][] = [
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['10.0.0.1', '10.0.0.1'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0db8:0000:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['::1.2.3.4', '::102:304'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::FFFF:0a00:1', '10.0.0.1'],
    ['0:0:0:0:0:ffff:255.1.2.3', '255.1.2.3'],
  ];
  for (const [text, canonical] of cases) assert.equal(parseIp(text)?.text, canonical, text);
});

test('parseIp holds the words of the address', () => {
  const v6 = parseIp('2001:db8:1:2:3:4:ffff:fffe')!;
  assert.deepEqual(
    [v6.isV4, v6.word0, v6.word1, v6.word2, v6.word3],
    [false, 0x20010db8, 0x10002, 0x30004, 0xfffffffe],
  );
  const v4 = parseIp('::ffff:192.168.0.1')!;
  assert.deepEqual([v4.isV4, v4.word0, v4.word1, v4.word2, v4.word3], [true, 0, 0, 0, 0xc0a80001]);
});

test('parseIp refuses everything else', () => {
  const refused = [
    ...['', ' ', '1', '1.2.3', '1.2.3.4.5', '1.2.3.', '.1.2.3', '1..2.3', '01.2.3.4', '1.2.3.256', '1.2.3.1000'],
    ...['0x1.2.3.4', '1.2.3.4 ', ' 1.2.3.4', '1.2.3.-4', '1.2.3.4/32', '1o.0.0.0', '١.2.3.4', '127.1', '1.2.3.4\0'],
    ...[':', ':::', '1:', ':1', '::1::', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '12345::', 'g::', '::1%eth0'],
    ...[
      'fe80::1%1',
      '[::1]',
      '::1.2.3',
      '::1.2.3.4.5',
      '::1.2.3.4:5',
      '1:2:3:4:5:6:7:1.2.3.4',
      '::01.2.3.4',
      '1:2:3:4::5:6:7:8',
    ],
    ...['::ffff:1.2.3.4%1', '1:2:3:4:5:6:7:8::', '0000:0000:0000:0000:0000:0000:0000:00000'],
  ];
  for (const text of refused) assert.equal(parseIp(text), null, JSON.stringify(text));
});

const word = fc.oneof(fc.constantFrom(0, 0, 1, 0xffff, 0xffff0000, 0xffffffff), fc.nat(0xffffffff));
const v4Text = fc.nat(0xffffffff).map((n) => `${n >>> 24}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`);
const near = fc
  .array(
    fc.constantFrom('0', '1', 'f', 'ff', '10', '255', '256', 'abcd', ':', ':', ':', '::', '.', '.', '%', 'G', ' '),
    {
      maxLength: 17,
    },
  )
  .map((parts) => parts.join(''));

test('parseIp accepts what node accepts, except zones, and canonical text agrees with the URL parser', () => {
  fc.assert(
    fc.property(fc.oneof(near, fc.ipV4(), fc.ipV6(), v4Text, fc.string()), (text) => {
      const address = parseIp(text);
      assert.equal(address !== null, isIP(text) !== 0 && !text.includes('%'), JSON.stringify(text));
      if (address === null) return;
      assert.equal(isIP(address.text), address.isV4 ? 4 : 6);
      assert.deepEqual(parseIp(address.text), address);
      if (!address.isV4) assert.equal(new URL(`http://[${text}]`).hostname, `[${address.text}]`);
    }),
    { numRuns: RUNS },
  );
});

function spell(words: readonly number[]): string {
  return words.map((w) => `${(w >>> 16).toString(16)}:${(w & 0xffff).toString(16)}`).join(':');
}

test('parseCidr finds the first address of a network', () => {
  const cases: [string, string, number][] = [
    ['10.0.0.0/8', '10.0.0.0', 8],
    ['10.1.2.3/8', '10.0.0.0', 8],
    ['10.1.2.3', '10.1.2.3', 32],
    ['255.255.255.255/0', '0.0.0.0', 0],
    ['255.255.255.255/1', '128.0.0.0', 1],
    ['2001:db8:ffff::1/33', '2001:db8:8000::', 33],
    ['2001:db8::1', '2001:db8::1', 128],
    ['ffff::/0', '::', 0],
    ['::ffff:10.1.2.3/104', '10.0.0.0', 8],
    ['::ffff:10.1.2.3/96', '0.0.0.0', 0],
  ];
  for (const [text, first, prefix] of cases) {
    const network = parseCidr(text);
    assert.deepEqual([network?.first.text, network?.prefix], [first, prefix], text);
  }
  for (const text of ['', '/8', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/08', '10.0.0.0/+8', '10.0.0.0/8/8', '::/129']) {
    assert.equal(parseCidr(text), null, text);
  }
  for (const text of ['10.0.0.0/-1', '10.0.0.0/8 ', '10/8', '::ffff:10.0.0.0/95', '10.0.0.0/1e1', 'app']) {
    assert.equal(parseCidr(text), null, text);
  }
});

test("a network's first address is the lowest that node's BlockList finds in it", () => {
  fc.assert(
    fc.property(fc.tuple(word, word, word, word), fc.nat(128), fc.boolean(), (words, bits, isV4) => {
      const prefix = isV4 ? bits % 33 : bits;
      const text = isV4 ? parseIp(`::ffff:${spell([words[3]])}`)!.text : spell(words);
      const family = parseIp(text)!.isV4 ? 'ipv4' : 'ipv6';
      if (!isV4 && family === 'ipv4') return;
      const { first } = parseCidr(`${text}/${prefix}`)!;
      const list = new BlockList();
      list.addSubnet(text, prefix, family);
      assert.ok(list.check(first.text, family), `${first.text} in ${text}/${prefix}`);
      const low =
        BigInt(first.word3) +
        (BigInt(first.word2) << 32n) +
        (BigInt(first.word1) << 64n) +
        (BigInt(first.word0) << 96n);
      assert.equal(low % (1n << BigInt((isV4 ? 32 : 128) - prefix)), 0n);
    }),
    { numRuns: RUNS },
  );
});
