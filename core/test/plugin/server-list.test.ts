import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readJsonServers, readServerLines, ServerListError } from '../../src/plugin/server-list.ts';

const at = (host: string, port: number) => ({ address: { host, port } });

test('JSON is an array or an object with servers, of texts or objects', () => {
  assert.deepEqual(readJsonServers('[]'), []);
  assert.deepEqual(readJsonServers('{"servers": ["10.0.0.1:80", "[::1]:81", "App.internal:82"]}'), [
    at('10.0.0.1', 80),
    at('::1', 81),
    at('app.internal', 82),
  ]);
  assert.deepEqual(readJsonServers('[{"address":"unix:/run/a.sock","name":"web1","weight":0,"max":5,"backup":true}]'), [
    { address: { path: '/run/a.sock' }, name: 'web1', weight: 0, max: 5, isBackup: true },
  ]);
});

test('lines are one server each, with words and comments', () => {
  assert.deepEqual(readServerLines('# all\n\n10.0.0.1:80\r\n10.0.0.2:80 weight 3 max 7 backup name web2 # two\n'), [
    at('10.0.0.1', 80),
    { ...at('10.0.0.2', 80), weight: 3, max: 7, isBackup: true, name: 'web2' },
  ]);
});

const WRONG_JSON: readonly [text: string, line: number, problem: RegExp][] = [
  ['', 1, /this is not JSON/],
  ['[\n"a:80",\n]', 3, /this is not JSON/],
  ['{"servers": [\n"a:80"', 2, /this is not JSON/],
  ['"a:80"', 0, /a list of servers is/],
  ['{"server": []}', 0, /a list of servers is/],
  ['{"servers": {}}', 0, /a list of servers is/],
  ['{"servers": [], "more": 1}', 0, /a list of servers is/],
  ['{"servers": [\n"a:80",\n\n{"address": "b"}]}', 4, /server 2 has a bad `address`: it has no port/],
  ['["a:80",\n7]', 2, /server 2 is neither/],
  ['["a:80",\nnull]', 2, /server 2 is neither/],
  ['["a:80",\n[]]', 2, /server 2 is neither/],
  ['[{"name": "x"}]', 1, /server 1 has no `address`/],
  ['[{"address": "a:80", "wieght": 3}]', 1, /server 1 has a key that is not one/],
  ['[{"address": "a:80", "weight": "3"}]', 1, /server 1 has a bad `weight`: it must be integer/],
  ['[{"address": "a:80", "weight": 257}]', 1, /bad `weight`/],
  ['[{"address": "a:80", "max": -1}]', 1, /bad `max`/],
  ['[{"address": "a:80", "name": "a b"}]', 1, /bad `name`/],
  ['[{"address": "a:0"}]', 1, /bad `address`: it has port 0/],
  ['["}],[{", \n"a:80"]', 1, /bad `address`/],
  ['[\n "a:80"\n,"a:80"]', 3, /server 2 has the address of another/],
];
for (const [text, line, problem] of WRONG_JSON) {
  test(`${JSON.stringify(text)} is refused with its line`, () => {
    assert.throws(
      () => readJsonServers(text),
      (error: unknown) => error instanceof ServerListError && error.line === line && problem.test(error.message),
    );
  });
}

const WRONG_LINES: readonly [text: string, line: number, problem: RegExp][] = [
  ['10.0.0.1', 1, /has no port/],
  ['a:80\n\n# x\nb:80 wieght 3', 4, /followed by a word that is none/],
  ['a:80 weight', 1, /bad `weight`/],
  ['a:80 weight x', 1, /bad `weight`/],
  ['a:80 weight 1 weight 2', 1, /has `weight` twice/],
  ['a:80 name', 1, /bad `name`/],
  ['a:80 address b:80', 1, /twice/],
  ['a:80 __proto__ 1', 1, /none of/],
  ['a:80\na:80', 2, /the address of another/],
];
for (const [text, line, problem] of WRONG_LINES) {
  test(`the lines ${JSON.stringify(text)} are refused with their line number`, () => {
    assert.throws(
      () => readServerLines(text),
      (error: unknown) => error instanceof ServerListError && error.line === line && problem.test(error.message),
    );
  });
}

test('socket files are refused where they may not be named', () => {
  assert.throws(() => readJsonServers('["unix:/run/a.sock"]', { mayHavePaths: false }), /server 1 is a socket file/);
});

test('any input gives valid servers, or an error that does not quote it', () => {
  // A linear congruential generator: the same texts each time.
  let seed = 20260101;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const json =
    '{"servers": [{"address": "10.9.8.7:8080", "name": "zebra", "weight": 3}, "[fe80::77]:81", "unix:/run/q.sock"]}';
  const lines = '10.9.8.7:8080 weight 3 name zebra # yes\n[fe80::77]:81 backup\n\nunix:/run/q.sock max 5\n';
  const letters = [
    '{',
    '}',
    '[',
    ']',
    '"',
    ':',
    ',',
    '\\',
    '\n',
    ' ',
    '0',
    '9',
    'e',
    '-',
    '\0',
    '\u2028',
    '#',
    'é',
    '"address"',
  ];
  for (let round = 0; round < 20_000; round++) {
    const isJson = round % 2 === 0;
    let text = isJson ? json : lines;
    for (let edits = 1 + random(4); edits > 0; edits--) {
      const from = random(text.length + 1);
      const until = Math.min(text.length, from + random(3));
      text = text.slice(0, from) + (random(4) === 0 ? '' : letters[random(letters.length)]!) + text.slice(until);
    }
    try {
      for (const { address, weight = 1, max = 0, name = 'x' } of (isJson ? readJsonServers : readServerLines)(text)) {
        if ('port' in address) assert.ok(address.port >= 1 && address.port <= 65535 && address.host !== '');
        assert.ok(weight >= 0 && weight <= 256 && max >= 0 && max <= 1_000_000 && name.length > 0);
      }
    } catch (error) {
      assert.ok(error instanceof ServerListError, `${JSON.stringify(text)}: ${error}`);
      assert.doesNotMatch(error.message, /10\.9|zebra|fe80|q\.sock/);
      assert.doesNotMatch(error.message, /line 0/);
    }
  }
});
