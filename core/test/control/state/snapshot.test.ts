import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { finish } from '@sluice/dsl/match';
import { pino } from 'pino';
import { readState } from '../../../src/control/state/kept-state.ts';
import { decodeSnapshot, encodeSnapshot, type Section, SnapshotError } from '../../../src/control/state/snapshot.ts';
import { SeededRandom } from '../../../src/simulation/seeded-random.ts';

const section = (name: string, text: string, version = 1): Section => ({ name, version, bytes: Buffer.from(text) });
const encoded = (...sections: Section[]): Uint8Array =>
  finish(
    encodeSnapshot(
      1000,
      sections.map(({ bytes, ...section }) => ({ ...section, pieces: [bytes] })),
    ),
  );

const WHOLE = encoded(section('one', 'first'), section('two', ''), section('three', 'x'.repeat(300), 7));

function flawOf(bytes: Uint8Array): string {
  try {
    decodeSnapshot(bytes);
    return 'none';
  } catch (thrown) {
    assert.ok(thrown instanceof SnapshotError, String(thrown));
    return thrown.flaw;
  }
}

test('sections come back as they were', () => {
  const { takenAtMs, sections } = decodeSnapshot(WHOLE);
  assert.equal(takenAtMs, 1000);
  assert.deepEqual(
    sections.map(({ name, version, bytes }) => [name, version, Buffer.from(bytes).toString()]),
    [
      ['one', 1, 'first'],
      ['two', 1, ''],
      ['three', 7, 'x'.repeat(300)],
    ],
  );
});

test('bytes in the middle of other memory are read as well', () => {
  const memory = new Uint8Array(WHOLE.length + 3);
  memory.set(WHOLE, 3);
  assert.equal(decodeSnapshot(memory.subarray(3)).sections.length, 3);
});

test('a snapshot of which the end is missing is torn, whatever its length', () => {
  for (let length = 0; length < WHOLE.length; length++) {
    assert.equal(flawOf(WHOLE.subarray(0, length)), 'torn', `${length} bytes`);
  }
});

test('a snapshot with more bytes than it had, or with nothing but zeros, is torn', () => {
  assert.equal(flawOf(Buffer.concat([WHOLE, Uint8Array.of(0)])), 'torn');
  assert.equal(flawOf(new Uint8Array(WHOLE.length)), 'torn');
});

test('no damaged snapshot is taken for a whole one, or for one of another version', () => {
  const random = new SeededRandom(1, 'flips');
  for (let at = 0; at < WHOLE.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const damaged = Uint8Array.from(WHOLE);
      damaged[at] = damaged[at]! ^ (1 << bit);
      assert.equal(flawOf(damaged), at < 8 ? 'foreign' : 'torn', `byte ${at}, bit ${bit}`);
    }
  }
  for (let round = 0; round < 2000; round++) {
    const damaged = Uint8Array.from(WHOLE);
    for (let flips = 1 + random.below(20); flips > 0; flips--)
      damaged[random.below(damaged.length)] = random.below(256);
    if (Buffer.compare(damaged, WHOLE) !== 0) assert.notEqual(flawOf(damaged), 'none');
  }
});

test('a snapshot of a later format is told apart from damage', () => {
  const later = Uint8Array.from(WHOLE);
  const view = new DataView(later.buffer);
  view.setUint32(8, 2, true);
  view.setUint32(12, crc32(later.subarray(0, 12)), true);
  assert.equal(flawOf(later), 'newer');
  assert.throws(() => decodeSnapshot(later), { message: 'it has format 2, this release reads 1' });
});

test('something else is foreign', () => {
  assert.equal(flawOf(Buffer.from('global\n  server-state-file /var/lib/haproxy/state\n')), 'foreign');
});

test('a section that cannot be read is left out with one line of log, and the others are used', () => {
  const lines: { level: number; msg: string }[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const secret = 'k'.repeat(32);
  const server = { name: 'app/a', admin: 'maint' };
  const read = (...sections: Section[]) => readState(encoded(...sections), 4000, log);
  const kept = read(
    section('stick tables', 'not a table'),
    section('rates', '', 9),
    section('servers', `${JSON.stringify(server)}\n`),
    section('circuits', '{"backend":1}\n'),
    section('of a later release', 'whatever'),
    section('tls', secret),
  );
  assert.deepEqual(kept.servers, [server]);
  assert.deepEqual([kept.sticks, kept.rates, kept.circuits, kept.agoMs], [null, null, [], 3000]);
  assert.equal(Buffer.from(kept.tlsSecret!).toString(), secret);
  assert.deepEqual(
    lines.map(({ msg }) => msg),
    [
      'the part `circuits` of the kept state is not used: 1 is no text',
      'the part `stick tables` of the kept state is not used: it ends after 3 of 32 bytes',
      'the part `rates` of the kept state is not used: it has version 9, this release reads 1',
    ],
  );
});

test('a server with a value that no gateway writes makes its section unreadable, not the gateway strange', () => {
  const log = pino({ enabled: false });
  const good = { name: 'app/a', admin: 'ready', weight: { rules: 1, set: 256 } };
  const servers = (value: unknown) =>
    readState(encoded(section('servers', `${JSON.stringify(value)}\n`)), 0, log).servers;
  assert.deepEqual(servers(good), [good]);
  for (const bad of [
    null,
    {},
    { ...good, admin: 'gone' },
    { ...good, weight: { rules: 1, set: 257 } },
    { ...good, weight: { rules: 1, set: -1 } },
    { ...good, max: { rules: 0, set: 1.5 } },
    { ...good, drain: { deadlineInMs: 'soon', isCutting: false } },
    { ...good, health: { address: '{}', counts: {}, history: [], startingForMs: null } },
    { ...good, ejection: { address: '{}', leftMs: -1, level: 1, count: 1, reason: '' } },
  ]) {
    assert.deepEqual(servers(bad), [], JSON.stringify(bad));
  }
});

test('sections of random bytes are read or refused, and nothing else', () => {
  const log = pino({ enabled: false });
  const random = new SeededRandom(2, 'sections');
  for (let round = 0; round < 3000; round++) {
    const bytes = Uint8Array.from({ length: random.below(200) }, () => random.below(random.below(2) === 0 ? 4 : 256));
    const names = ['stick tables', 'rates', 'servers', 'circuits', 'tls'];
    const kept = readState(encoded(...names.map((name) => ({ name, version: 1, bytes }))), 0, log);
    assert.ok(kept.servers.length === 0 && kept.circuits.length === 0);
  }
});
