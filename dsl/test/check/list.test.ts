import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readListFile } from '../../src/index.ts';
import { IpSet, parseIp } from '../../src/match/index.ts';
import type { Condition, TestCondition } from '../../src/plan/index.ts';
import { codesOf, compileText, planOf } from '../compile-text.ts';
import { compileFiles, toldOf } from '../rule-folder.ts';

/** usingList is a whole file: a list, and a listener that denies by it. */
const usingList = (list: string, condition: string): string =>
  `${list}\nlistener web on :8080 {\n  deny ${condition}\n  otherwise deny 404\n}\n`;

async function conditionOf(list: string, condition: string): Promise<Condition> {
  return (await planOf(usingList(list, condition))).listeners[0]!.guards[0]!.when!;
}

for (const [list, condition, entries, values] of [
  ['ips 10.0.0.0/8, 2001:DB8::1, ::ffff:192.0.2.1', 'ip known', ['10.0.0.0/8', '2001:db8::1', '192.0.2.1'], null],
  ['hosts Example.com, a.example', 'host known', ['example.com', 'a.example'], null],
  ['paths /a, "/b c"', 'path in known', ['/a'], 'SL0621'],
  ['paths /a, /b/c', 'path under known', ['/a', '/b/c'], null],
  ['texts blue, "dark red"', 'header X-Team in known anycase', ['blue', 'dark red'], null],
  ['numbers 80, 443', 'port known', ['80', '443'], [80, 443]],
] as const) {
  test(`a list of ${list}`, async () => {
    if (values === 'SL0621') {
      const { diagnostics } = await compileText(usingList(`list known = ${list}`, condition));
      assert.deepEqual(
        diagnostics.map(({ code }) => code),
        [values],
      );
      return;
    }
    const plan = await planOf(usingList(`list known = ${list}`, condition));
    assert.deepEqual(plan.lists[0]!.entries, entries);
    const test = plan.listeners[0]!.guards[0]!.when as TestCondition;
    assert.equal(test.list, 'known');
    assert.deepEqual(test.values, values ?? entries);
  });
}

for (const [list, condition, told] of [
  ['ips 1o.0.0.0/8', 'ip known', 'SL0608 1:18'],
  ['ips 10.1.2.3/8', 'ip known', 'SL0602 1:18'],
  ['hosts bücher.example', 'host known', 'SL0603 1:20'],
  ['hosts *.example.com', 'host known', 'SL0603 1:20'],
  ['paths admin', 'path in known', 'SL0604 1:20'],
  ['numbers 80, many', 'port known', 'SL0605 1:26'],
  ['texts ""', 'header X in known', 'SL0618 1:20'],
  ['ip 10.0.0.1', 'ip 10.0.0.1', 'SL0614 1:14'],
  ['ips 10.0.0.1, 10.0.0.1', 'ip known', 'SL0222 1:28'],
  ['ips', 'ip known', 'SL0117 1:14'],
  ['ips from blocked.txt', 'ip known', 'SL0118 1:23'],
  ['ips from "x" refresh', 'ip known', 'SL0117 1:27'],
] as const) {
  test(`a list that is wrong: ${list}`, async () => {
    const { diagnostics } = await compileText(usingList(`list known = ${list}`, condition));
    assert.ok(codesOf(diagnostics).includes(told), codesOf(diagnostics).join());
  });
}

test('a hostname with non-ASCII letters is reported in its DNS form', async () => {
  const { diagnostics } = await compileText(usingList('list known = hosts Bücher.example', 'host known'));
  assert.equal(diagnostics[0]!.fix, 'Write the name in its DNS form: `xn--bcher-kva.example`');
});

test('a misspelled type, a list of another type, and a text with a list’s name', async () => {
  const told = async (list: string, condition: string): Promise<string[]> =>
    toldOf(await compileText(usingList(list, condition)));
  assert.deepEqual(await told('list known = host a.example', 'all'), [
    'SL0614 test.sluice:1:14 `host` is not one of the choices | Did you mean `hosts`?',
  ]);
  assert.deepEqual(await told('list blue = ips 10.0.0.1', 'header X-Team is blue'), [
    'SL0226 test.sluice:3:25 `blue` is a list of ips, and texts are compared here | For the text itself write `"blue"`',
  ]);
  const when = await conditionOf('list blue = texts red', 'header X-Team in blue or header X-Team is "blue"');
  assert.deepEqual(
    (when as Extract<Condition, { kind: 'and' | 'or' }>).of.map((each) => (each as TestCondition).values),
    [['red'], ['blue']],
  );
});

test('all who name a list share one array, and beside other values it is copied', async () => {
  const { listeners, lists } = await planOf(
    'list a = ips 10.0.0.1\nlistener web on :80 { deny ip a; deny not ip a; deny ip a, 10.0.0.2; otherwise deny }',
  );
  const [first, second, third] = listeners[0]!.guards.map(({ when }) => when!);
  const values = (first as TestCondition).values;
  assert.equal(values, lists[0]!.entries);
  assert.equal((second as unknown as { of: TestCondition }).of.values, values);
  assert.deepEqual([(third as TestCondition).values, (third as TestCondition).list], [['10.0.0.1', '10.0.0.2'], null]);
});

const FILE = 'list blocked = ips from "lists/blocked.txt" refresh 5s';

test('a file is one entry a line, with comments, blank lines, CRLF and a byte order mark', async () => {
  const { plan, diagnostics } = await compileFiles({
    'edge.sluice': usingList(FILE, 'ip blocked'),
    'lists/blocked.txt': '\ufeff# who\r\n\r\n  10.0.0.0/8\t# the inside\r\n::1\r\n10.0.0.0/8\r\n',
  });
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(plan!.lists[0]!.entries, ['10.0.0.0/8', '::1']);
  assert.deepEqual(plan!.lists[0]!.file, { path: 'lists/blocked.txt', name: 'lists/blocked.txt', refreshMs: 5000 });
});

test('every invalid line of a file is reported at its place', async () => {
  const told = toldOf(
    await compileFiles({
      'edge.sluice': usingList(FILE, 'ip blocked'),
      'lists/blocked.txt': '10.0.0.1\n1o.0.0.0/8\n\n10.1.2.3/8\n10.0.0.1 10.0.0.2\n',
    }),
  );
  assert.deepEqual(told, [
    'SL0608 lists/blocked.txt:2:1 `1o.0.0.0/8` is not an IP address or network | Did you mean `10.0.0.0/8`?',
    'SL0602 lists/blocked.txt:4:1 `10.1.2.3/8` has bits set after its prefix | Write `10.0.0.0/8` for the network, or `10.1.2.3` for the one address',
    'SL0608 lists/blocked.txt:5:1 `10.0.0.1 10.0.0.2` is not an IP address or network | Write an address such as `10.0.0.1`, or a network such as `10.0.0.0/8`',
  ]);
});

for (const [what, bytes, told] of [
  ['no file', null, 'SL0615 edge.sluice:1:25 cannot read `lists/blocked.txt`: there is no such file'],
  ['nothing', '', 'SL0625 lists/blocked.txt:1:1 `lists/blocked.txt` is empty'],
  ['NUL', '10.0.0.1\n10.0.0.2\0\n', 'SL0624 lists/blocked.txt:2:1 `10.0.0.2\\u{0}` contains a control character'],
  [
    'UTF-16',
    Buffer.from('\ufeff10.0.0.1\n', 'utf16le'),
    'SL0623 edge.sluice:1:25 `lists/blocked.txt` is not UTF-8: it looks like UTF-16',
  ],
  [
    'Latin-1',
    Buffer.from('caf\xe9\n', 'latin1'),
    'SL0623 edge.sluice:1:25 `lists/blocked.txt` is not UTF-8: byte E9 on line 1, column 4 belongs to no character',
  ],
] as const) {
  test(`a list followed by ${what} is one diagnostic`, async () => {
    const files = { 'edge.sluice': usingList(FILE, 'ip blocked') };
    const result = await compileFiles(bytes === null ? files : { ...files, 'lists/blocked.txt': bytes });
    assert.deepEqual(
      toldOf(result).map((line) => line.split(' | ')[0]),
      [told],
    );
  });
}

test('a file with nothing but comments is a list without entries', async () => {
  const { plan } = await compileFiles({
    'edge.sluice': usingList(FILE, 'ip blocked'),
    'lists/blocked.txt': '# none\n',
  });
  assert.deepEqual(plan!.lists[0]!.entries, []);
});

test('lists from files stay by name beside other values and as trusted peers', async () => {
  const { plan } = await compileFiles({
    'edge.sluice': `${FILE}\nlist office = ips 192.0.2.1\nlistener web on :80 {\n  client ip from header X-Forwarded-For trust office, blocked, 10.0.0.9\n  deny ip 10.0.0.1, blocked, office\n  otherwise deny\n}`,
    'lists/blocked.txt': '10.0.0.8\n',
  });
  const [listener] = plan!.listeners;
  assert.deepEqual(listener!.clientIp, {
    header: 'x-forwarded-for',
    trust: ['192.0.2.1', '10.0.0.9'],
    trustLists: ['blocked'],
  });
  const { kind, of } = listener!.guards[0]!.when as Extract<Condition, { kind: 'and' | 'or' }>;
  assert.equal(kind, 'or');
  assert.deepEqual(
    of.map((each) => [(each as TestCondition).list, (each as TestCondition).values]),
    [
      [null, ['10.0.0.1', '192.0.2.1']],
      ['blocked', ['10.0.0.8']],
    ],
  );
});

test('`every` with a list from a file and other values is an error', async () => {
  const told = await compileFiles({
    'edge.sluice': usingList('list teams = texts from "t.txt"', 'every header X-Team in teams, red'),
    't.txt': 'blue\n',
  });
  assert.deepEqual(codesOf(told.diagnostics), ['SL0228 3:8']);
});

test('a hundred thousand addresses are read, and each is found', () => {
  const addresses = Array.from(
    { length: 100_000 },
    (_, index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
  );
  const bytes = Buffer.from(addresses.filter((_, index) => index % 2 === 0).join('\n'));
  const { entries, diagnostics } = readListFile({ type: 'ips', file: { path: '/x', name: 'x', refreshMs: 0 } }, bytes);
  assert.deepEqual(diagnostics, []);
  const set = IpSet.from(entries!);
  assert.equal(set.size, 50_000);
  assert.deepEqual(
    addresses.slice(-4).map((address) => set.has(parseIp(address)!)),
    [true, false, true, false],
  );
});
