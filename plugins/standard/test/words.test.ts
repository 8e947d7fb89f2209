/**
 * Every standard word in rule files: one that takes a request, one that does not, one that is an error.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGateway, GatewayError } from '@sluice/core';
import { standard } from '@sluice/standard';

function rulesOf(line: string, backend = '', tls = '', port = 8080): string {
  return `
    listener web on 127.0.0.1:${port} {
      ${tls}
      ${line.startsWith('otherwise') ? line : `${line}\n otherwise send to app`}
    }
    backend app of 127.0.0.1:9001, 127.0.0.1:9002 { ${backend} }
    backend api of 127.0.0.1:9003
  `;
}

const gatewayOf = (rules: string) => createGateway({ rules, plugins: standard, logger: false });

async function explain(line: string, request: string, headers: readonly (readonly [string, string])[] = []) {
  // What is asked over https comes to a listener that opens TLS, on the URL's port.
  const tls = request.startsWith('GET https:') ? 'tls terminate self-signed for a.example' : '';
  const port = tls === '' ? 8080 : Number(/:(\d+)\//.exec(request)?.[1] ?? 443);
  return (await gatewayOf(rulesOf(line, '', tls, port))).explain({ request, headers, listener: 'web' });
}

/** codesOf returns the codes of the errors that these rules have. */
async function codesOf(rules: string): Promise<string[]> {
  try {
    await gatewayOf(rules);
    return [];
  } catch (thrown) {
    assert.ok(thrown instanceof GatewayError, String(thrown));
    return thrown.diagnostics.filter(({ severity }) => severity === 'error').map(({ code }) => code);
  }
}

const GET = 'GET http://www.example.com';

type Case = readonly [condition: string, request: string, headers?: readonly (readonly [string, string])[]];
interface FieldCases {
  readonly takes: readonly Case[];
  readonly leaves: readonly Case[];
  readonly wrong: readonly string[];
}

const FIELDS: Readonly<Record<string, FieldCases>> = {
  ip: {
    takes: [
      ['ip 10.0.0.0/8', `${GET}/ from 10.1.2.3`],
      ['ip in 10.0.0.0/8, 2001:db8::/32', `${GET}/ from 2001:db8::1`],
      ['not ip 10.0.0.0/8', `${GET}/ from 198.51.100.7`],
    ],
    leaves: [['ip 10.0.0.0/8', `${GET}/ from 11.0.0.1`]],
    wrong: ['ip 10.0.0.1/8', 'ip 1.2.3', 'ip under 10.0.0.0/8', 'ip present'],
  },
  port: {
    takes: [
      ['port 8443', 'GET https://www.example.com:8443/'],
      ['port between 8000, 9000', 'GET http://www.example.com:8443/'],
    ],
    leaves: [['port over 8443', 'GET http://www.example.com:8443/']],
    wrong: ['port https', 'port like 8443'],
  },
  path: {
    takes: [
      ['path is /a', `${GET}/a`],
      ['path in /a, /b', `${GET}/b`],
      ['path under /a', `${GET}/a/b`],
      ['path starts /a', `${GET}/abc`],
      ['path ends .php', `${GET}/x.php`],
      ['path contains "../", "wp-"', `${GET}/my/wp-admin`],
      ['path like /u/*/edit', `${GET}/u/7/edit`],
      ['path matches r"^/[0-9]+$"', `${GET}/42`],
    ],
    leaves: [
      ['path under /a', `${GET}/ab`],
      ['path is /a', `${GET}/A`],
    ],
    wrong: ['path /a', 'path under a', 'path matches r"(?=x)"', 'path present'],
  },
  method: {
    takes: [
      ['method POST, PUT', 'PUT http://www.example.com/'],
      ['method PURGE', 'PURGE http://www.example.com/'],
    ],
    leaves: [['method POST', `${GET}/`]],
    wrong: ['method under GET'],
  },
  host: {
    takes: [
      ['host www.example.com', 'GET http://WWW.Example.com/'],
      ['host like *.example.com', `${GET}/`],
    ],
    leaves: [['host example.com', `${GET}/`]],
    wrong: ['host over example.com', 'host present'],
  },
  header: {
    takes: [
      ['header X-Team blue', `${GET}/`, [['x-team', 'blue']]],
      [
        'header X-Team red',
        `${GET}/`,
        [
          ['X-Team', 'blue'],
          ['X-Team', 'red'],
        ],
      ],
      ['header User-Agent contains "SQLMAP" anycase', `${GET}/`, [['User-Agent', 'sqlmap/1']]],
      ['header X-Team absent', `${GET}/`],
      ['not header X-Team blue and header X-Team present', `${GET}/`, [['X-Team', 'red']]],
    ],
    leaves: [
      ['header X-Team blue', `${GET}/`],
      ['header X-Team blue', `${GET}/`, [['X-Team', 'Blue']]],
    ],
    wrong: ['not header X-Team blue', 'header blue', 'header X-Team over 1'],
  },
  'list header': {
    takes: [
      ['list header Accept-Encoding is gzip', `${GET}/`, [['Accept-Encoding', 'br, gzip;q=1, gzip']]],
      ['every list header Via starts "1."', `${GET}/`, [['Via', '1.0 a, 1.1 b']]],
      ['list header X-Tags absent', `${GET}/`, [['X-Tags', ' , ']]],
      ['path is / or\n    list header X-Tags is a', `${GET}/x`, [['X-Tags', 'b,a']]],
    ],
    leaves: [
      ['list header X-Tags is "a, b"', `${GET}/`, [['X-Tags', 'a, b']]],
      ['header X-Tags is b', `${GET}/`, [['X-Tags', 'a, b']]],
    ],
    wrong: ['not list header X-Tags is a', 'list header is a', 'list X-Tags is a'],
  },
  cookie: {
    takes: [['cookie beta on', `${GET}/`, [['Cookie', 'a=1; beta=on']]]],
    leaves: [['cookie beta on', `${GET}/`, [['Cookie', 'Beta=on']]]],
    wrong: ['not cookie beta on'],
  },
  query: {
    takes: [['query debug "a b"', `${GET}/?x=1&debug=a+b`]],
    leaves: [['query debug present', `${GET}/?debugger=1`]],
    wrong: ['not query debug 1'],
  },
  scheme: {
    takes: [['scheme https', 'GET https://www.example.com/']],
    leaves: [['scheme https', `${GET}/`]],
    wrong: ['scheme ftp'],
  },
};

for (const [field, { takes, leaves, wrong }] of Object.entries(FIELDS)) {
  for (const [isTaken, cases] of [
    [true, takes],
    [false, leaves],
  ] as const) {
    for (const [condition, request, headers] of cases) {
      test(`\`${condition}\` ${isTaken ? 'takes' : 'leaves'} ${request}`, async () => {
        const { verdict } = await explain(`deny 404 when ${condition}`, request, headers);
        assert.equal(verdict.kind, isTaken ? 'answer' : 'send');
      });
    }
  }
  for (const condition of wrong) {
    test(`\`${condition}\` is an error of ${field}`, async () => {
      assert.notDeepEqual(await codesOf(rulesOf(`deny 404 when ${condition}`)), []);
    });
  }
}

test('deny answers with its status, 403 when none is written, and may be the otherwise', async () => {
  const statusOf = async (line: string) => {
    const { verdict } = await explain(line, `${GET}/`);
    return verdict.kind === 'answer' ? verdict.status : verdict.kind;
  };
  assert.equal(await statusOf('deny all'), 403);
  assert.equal(await statusOf('deny host www.example.com'), 403);
  assert.equal(await statusOf('deny 451 when host www.example.com'), 451);
  assert.equal(await statusOf('deny 451 when host example.org'), 'send');
  assert.equal(await statusOf('otherwise deny 404'), 404);
  for (const line of ['deny', 'deny 200 when all', 'deny 600 when all', 'deny 404']) {
    assert.notDeepEqual(await codesOf(rulesOf(line)), [], line);
  }
});

test('allow ends the guards, and only them', async () => {
  const lines = 'allow path is /open\n deny path under /open, /shut\n set header X-Seen to "1"';
  const allowed = await explain(lines, `${GET}/open`);
  assert.equal(allowed.verdict.kind, 'send');
  assert.deepEqual(allowed.edits, [{ edit: 'set', name: 'X-Seen', value: '1' }]);
  assert.equal((await explain(lines, `${GET}/open/x`)).verdict.kind, 'answer');
  assert.notDeepEqual(await codesOf(rulesOf('allow 403 when all')), []);
  assert.notDeepEqual(await codesOf(rulesOf('otherwise allow')), []);
});

test('redirect answers with a Location, and may be the otherwise', async () => {
  const line = 'redirect 308 to "https://www.example.com{path}{query}" when host example.com';
  const { verdict } = await explain(line, 'GET http://example.com/a?b=c');
  assert.deepEqual(verdict, { kind: 'answer', status: 308, headers: [['Location', 'https://www.example.com/a?b=c']] });
  assert.equal((await explain(line, `${GET}/`)).verdict.kind, 'send');
  const otherwise = await explain('otherwise redirect to "/elsewhere"', `${GET}/`);
  assert.deepEqual(otherwise.verdict, { kind: 'answer', status: 302, headers: [['Location', '/elsewhere']] });
  for (const wrong of ['redirect 304 to "/"', 'redirect 301', 'redirect to "{pth}"']) {
    assert.notDeepEqual(await codesOf(rulesOf(`${wrong} when path is /x`)), [], wrong);
  }
});

test('send routes to the first backend that fits', async () => {
  const { verdict } = await explain('send to api when path under /api', `${GET}/api/x`);
  assert.deepEqual(verdict, { kind: 'send', backend: 'api' });
  assert.deepEqual((await explain('send to api when path under /api', `${GET}/`)).verdict, {
    kind: 'send',
    backend: 'app',
  });
  assert.notDeepEqual(await codesOf(rulesOf('otherwise send to apo')), []);
});

test('send takes a share, the same clients every time', async () => {
  const line = 'send 30% to api by cookie sid';
  const backendOf = async (sid: string) => {
    const { verdict, routes } = await explain(line, `${GET}/`, [['Cookie', `sid=${sid}`]]);
    assert.equal(routes[0]!.outcome, verdict.kind === 'send' && verdict.backend === 'api' ? 'match' : 'passed');
    return verdict.kind === 'send' ? verdict.backend : verdict.kind;
  };
  const first = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(backendOf));
  assert.deepEqual(new Set(first), new Set(['api', 'app']));
  assert.deepEqual(await Promise.all(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(backendOf)), first);
  for (const right of [
    'send 5% to api',
    'send 0.5% to api by ip when path under /x',
    'send 5% to api by header X-User',
  ]) {
    assert.deepEqual(await codesOf(rulesOf(right)), [], right);
  }
  for (const wrong of [
    'send 5 to api',
    'send 101% to api',
    'send to api by ip when path is /',
    'send 5% to api by path',
    'send 5% to api by cookie',
    'send 60% to api\nsend 60% to api',
    'otherwise send 5% to api',
  ]) {
    assert.notDeepEqual(await codesOf(rulesOf(wrong)), [], wrong);
  }
});

test('set, add and remove header change what the server sees', async () => {
  const lines = 'set header X-A to "{path}"\n add header X-B to "b"\n remove header X-C when not ip 10.0.0.0/8';
  assert.deepEqual((await explain(lines, `${GET}/x from 10.0.0.1`)).edits, [
    { edit: 'set', name: 'X-A', value: '/x' },
    { edit: 'add', name: 'X-B', value: 'b' },
  ]);
  assert.equal((await explain(lines, `${GET}/x from 11.0.0.1`)).edits.length, 3);
  for (const wrong of ['set header Connection to "close"', 'add header Host to "a"', 'remove header Content-Length']) {
    assert.deepEqual(await codesOf(rulesOf(wrong)), ['SL0644'], wrong);
  }
  assert.deepEqual(await codesOf(rulesOf('set header Host to "a"')), []);
  for (const wrong of ['set header X-A', 'set header "X A" to "b"', 'remove header', 'add header X-A to "{nope}"']) {
    assert.notDeepEqual(await codesOf(rulesOf(wrong)), [], wrong);
  }
});

test('rewrite changes what the server sees of the path, prefix or expression', async () => {
  const pathOf = async (line: string, path: string) =>
    (await explain(line, `${GET}${path}`)).edits.map(({ edit, name, value }) => `${edit} ${name} ${value}`).join();
  assert.equal(await pathOf('rewrite /v1 to /api/v1', '/v1/x'), 'rewrite path /api/v1/x');
  assert.equal(await pathOf('rewrite /v1 to /api/v1', '/v10'), '');
  assert.equal(await pathOf('rewrite r"^/u/([0-9]+)" to "/users/$1"', '/u/7'), 'rewrite path /users/7');
  assert.equal(await pathOf('set query a to "{path}"', '/x?b=1'), 'rewrite query b=1&a=%2Fx');
  assert.equal(await pathOf('remove query b', '/x?b=1'), 'rewrite query ');
  assert.equal(await pathOf('remove cookie sid', '/'), '');
  for (const wrong of [
    'rewrite v1 to /api',
    'rewrite /v1 to api',
    'rewrite /a/../b to /c',
    'rewrite /v1 to "/api?x"',
    'rewrite r"(" to "/x"',
    'rewrite r"^/u" to "/$1"',
    'rewrite /v1',
    'set query a',
    'remove cookie "a b"',
    'otherwise rewrite /a to /b',
  ]) {
    assert.notDeepEqual(await codesOf(rulesOf(wrong)), [], wrong);
  }
});

test('limit allows requests within the rate, for every key', async () => {
  const { verdict, guards } = await explain('limit 20/s per ip', `${GET}/`);
  assert.deepEqual([verdict.kind, guards[0]!.outcome], ['send', 'passed']);
  assert.equal((await explain('limit 1/m per ip\ndeny all', `${GET}/`)).verdict.kind, 'answer');
  for (const right of [
    'limit 20/s burst 40 per ip when path under /login',
    'limit 300/m per host',
    'limit 1000/h per path',
    'limit 1/s per global',
    'limit 1/s per header X-Key burst 2',
    'limit 1/s per cookie sid when method POST',
  ]) {
    assert.deepEqual(await codesOf(rulesOf(right)), [], right);
  }
  for (const wrong of [
    'limit 20 per ip',
    'limit 20/s',
    'limit 0/s per ip',
    'limit 20/s per user',
    'limit 20/s per header when all',
    'limit 20/s burst 0 per ip',
    'limit 20/d per ip',
    'otherwise limit 20/s per ip',
    'set header X-A to "b"\nlimit 20/s per ip',
  ]) {
    assert.notDeepEqual(await codesOf(rulesOf(wrong)), [], wrong);
  }
});

const BACKEND_LINES: readonly [line: string, isRight: boolean][] = [
  ['balance round-robin', true],
  ['balance least-connections', true],
  ['balance first', true],
  ['balance random', true],
  ['balance random 2', false],
  ['balance least-response-time', true],
  ['balance least-response-time 5s', false],
  ['balance consistent-hash by ip', true],
  ['balance consistent-hash by header X-User load at most 125%', true],
  ['balance consistent-hash by query user', true],
  ['balance consistent-hash', false],
  ['balance consistent-hash by header', false],
  ['balance consistent-hash by user', false],
  ['balance consistent-hash by ip load at most 100%', false],
  ['balance consistent-hash by ip load at most 1000%', false],
  ['balance consistent-hash by ip load at most 1.25', false],
  ['balance ip-hash', true],
  ['balance ip-hash by ip', false],
  ['max 500', true],
  ['max 0', false],
  ['max', false],
  ['max 1; max 2', false],
  ['queue at most 100', true],
  ['queue at most 0', true],
  ['queue at most', false],
  ['queue at most -1', false],
  ['slow start 30s', true],
  ['slow start 30', false],
  ['slow start 1ms', false],
  ['slow start', false],
  ['server b 127.0.0.1:9 max 5 queue at most 10', true],
  ['server b 127.0.0.1:9 weight 257', false],
  ['server b 127.0.0.1:9 queue 10', false],
  ['server b 127.0.0.1:9 queue at most 0', false],
  ['server b 127.0.0.1:9 max 0', true],
  ['server b 127.0.0.1:9 max -1', false],
  ['server b 127.0.0.1:9 weight 0', true],
  ['server b 127.0.0.1:9 weight -1', false],
  ['server b 127.0.0.1:9 weight 1.5', false],
  ['balance rond-robin', false],
  ['balance first 3', false],
  ['stick on cookie sid', true],
  ['stick on cookie sid ttl 30m', true],
  ['stick on cookie', false],
  ['stick on cookie sid ttl 30', false],
  ['stick on cookie sid ttl 30m size 1000', true],
  ['stick on cookie sid size 0', false],
  ['stick on cookie sid ttl 10ms', false],
  ['stick with cookie srv', true],
  ['stick with cookie srv ttl 8h, domain example.com, path /shop, samesite strict, secure', true],
  ['stick with cookie srv samesite none', true],
  ['stick with cookie', false],
  ['stick with cookie "a b"', false],
  ['stick with cookie srv samesite never', false],
  ['stick with cookie srv domain localhost', false],
  ['stick with cookie srv domain "example.com; Secure"', false],
  ['stick with cookie srv path shop', false],
  ['stick with cookie srv path "/a;b"', false],
  ['stick with cookie srv key "written here"', false],
  ['stick with cookie srv key secret "no-such-secret"', false],
  ['stick with cookie srv size 100', false],
  ['stick on ip', true],
  ['stick on ip /24', true],
  ['stick on ip ttl 30m size 100000', true],
  ['stick on ip /24 ipv6 /56 ttl 30m', true],
  ['stick on ip /33', false],
  ['stick on ip /0', false],
  ['stick on ip 24', false],
  ['stick on ip /a', false],
  ['stick on ip ipv6 /129', false],
  ['stick on ip ttl 30m /24', false],
  ['stick on header X-User', true],
  ['stick on header X-User ttl 1h size 10', true],
  ['stick on header', false],
  ['stick on header "X User"', false],
  ['stick on coookie sid', false],
  ['check GET /healthz', true],
  ['check http HEAD /healthz every 1s timeout 500ms fall 2 rise 1', true],
  ['check GET /healthz expect 200..299, 401 host www.example.com expect body contains "ok" every 5s', true],
  ['check GET', false],
  ['check GET healthz', false],
  ['check GET /healthz expect 2xx', false],
  ['check tcp', true],
  ['check tcp every 1s', true],
  ['check tcp GET /', false],
  ['check tcp every 5s, while changing every 1s', true],
  ['check tcp every 5s while changing', false],
  ['check tcp every 5s while changing every 1ms', false],
  ['check tcp send proxy v1', true],
  ['check tcp port 9000 send proxy v2', true],
  ['check tcp send proxy', false],
  ['check tcp send proxy v3', false],
  ['send proxy', true],
  ['send proxy v1', true],
  ['send proxy v2 with id, with checksum, without tls', true],
  ['send proxy v3', false],
  ['send proxy v1 with checksum', false],
  ['send proxy v1 without tls', false],
  ['send proxy v2 with ssl', false],
  ['send proxy\nsend proxy v1', false],
  ['check GET /healthz expect 200 drain on 404', true],
  ['check GET /healthz expect 200, drain on 404', true],
  ['check GET /healthz expect 200, 204..205, drain on 404, 410, every 1s, timeout 500ms', true],
  ['check GET /healthz expect 200, 204 205', false],
  ['check GET /healthz expect 200, "drain" on 404', false],
  ['retry 3 on connect-failure, 503, using another server', true],
  ['eject on 500, 502, after 3 failures', true],
  ['check GET /healthz drain on', false],
  ['check GET /healthz expect 200..299 drain on 204', true],
  ['check GET /healthz expect 200 drain on 200', false],
  ['check GET /healthz expect 200..204, 301 drain on 200..299, 301', false],
  ['check GET /healthz drain on 200..399', false],
  ['check GET /healthz expect 100..199', true],
  ['check GET /healthz expect 100', false],
  ['check GET /healthz expect 103..150', false],
  ['check HEAD /healthz expect 200', true],
  ['check HEAD /healthz expect body contains "ok"', false],
  ['check GET /healthz expect 204 expect body contains "ok"', false],
  ['check GET /healthz expect 204, 304 expect body contains "ok"', false],
  ['check GET /healthz expect 200, 204 expect body contains "ok"', true],
  ['check GET /healthz expect 200, 204 expect body contains "ok" drain on 200', false],
  ['check GET /healthz expect body contains ""', false],
  ['check CONNECT /healthz', false],
  ['check https CONNECT /healthz', false],
  ['check https GET /healthz without tls', false],
  ['check GET /healthz without tls', true],
  ['check GET /healthz expect body contains', false],
  ['check GET /healthz host "a b"', false],
  ['check https GET /healthz name api.internal host www.example.com', true],
  ['check https GET /healthz insecure', true],
  ['check https GET /healthz name 127.0.0.1', false],
  ['check https GET /healthz ca "missing.pem"', false],
  ['check https insecure', false],
  ['eject after 5 failures', true],
  ['eject after 5 failures for 10s up to 5m at most 50%', true],
  ['eject over 50% errors of 20 in 10s on 500..599 for 10s', true],
  ['eject after 5 failures, over 50% errors', true],
  ['eject after 5', false],
  ['eject after 0 failures', false],
  ['eject over 50 errors', false],
  ['eject for 10s', false],
  ['eject', false],
  ['eject after 5 failures of 20', false],
  ['break circuit after 10 failures', true],
  ['break circuit over 50% errors of 20 in 10s for 5s', true],
  ['break circuit over 50%', false],
  ['break circuit for 5s', false],
  ['break circuit after 10 failures at most 50%', false],
  ['break', false],
  ['check mysql user "probe"', true],
  ['check mysql', false],
  ['check postgresql user "probe" database "app" every 5s', true],
  ['check postgresql database "app"', false],
  ['check ldap every 5s', true],
  ['check ldap user "x"', false],
  ['check redis', true],
  ['check redis user "probe" password "x"', true],
  ['check redis user "probe"', false],
  ['check redis password secret "none-such"', false],
  ['check udp', false],
  ['servers from dns "app.internal" port 8080', true],
  ['servers from dns app.internal port 8080 resolver 127.0.0.1:5353 ttl at least 2s ttl at most 5m', true],
  ['servers from dns "app.internal" port 8080 resolver "[::1]:53" ipv6 only at most 10000 grace 1m keep 0s', true],
  ['servers from dns "app.internal"', false],
  ['servers from dns "app.internal" port 0', false],
  ['servers from dns "app.internal" port 80 at most 10001', false],
  ['servers from dns "app.internal" port 80 weight 257', false],
  ['servers from dns "app..internal" port 80', false],
  ['servers from dns "10.0.0.1" port 80', false],
  ['servers from dns "app.internal" port 80 resolver dns.internal', false],
  ['servers from dns "app.internal" port 80 resolver "10.0.0.1:0"', false],
  ['servers from dns "app.internal" port 80 ipv4 only ipv6 only', false],
  ['servers from dns "app.internal" port 80 ttl at least 1m ttl at most 1s', false],
  ['servers from dns srv "_http._tcp.app.internal" weight 2 backup wait 0s', true],
  ['servers from dns srv "_http._tcp.app.internal" port 80', false],
  ['servers from file "servers.json"', true],
  ['servers from file "servers.txt" every 5s weight 3 max 100', true],
  ['servers from file', false],
  ['servers from file "servers.json" every 10ms', false],
  ['servers from http "http://10.0.0.5:8500/servers" every 10s timeout 2s', true],
  ['servers from http "https://user:secret@10.0.0.5/servers"', false],
  ['servers from http "ftp://10.0.0.5/servers"', false],
  ['servers from http "servers"', false],
  ['servers from http "http://10.0.0.5/" ca "ca.pem"', false],
  ['servers from http "https://10.0.0.5/" ca "missing.pem"', false],
  ['servers from consul', false],
  ['servers from', false],
  ['servers from file "a.json"\nservers from file "a.json"', false],
];
for (const [line, isRight] of BACKEND_LINES) {
  test(`\`${line}\` is ${isRight ? 'right' : 'an error'}`, async () => {
    const codes = await codesOf(rulesOf('deny ip 10.0.0.0/8', line));
    assert.equal(codes.length === 0, isRight, codes.join());
  });
}

test('no argument is written with a word that holds conditions together', () => {
  const words = standard.flatMap((plugin) => [...(plugin.words ?? []), ...(plugin.components ?? [])]);
  for (const word of words) {
    for (const { before = '' } of word.kind === 'field' ? [] : word.args) {
      assert.doesNotMatch(before, /\b(?:and|or|not)\b/, word.name);
    }
  }
});

test('the example of every word compiles', async () => {
  for (const plugin of standard) {
    for (const word of plugin.words ?? []) {
      if (word.kind === 'field' && word.phase === 'ended') {
        const log = `settings { log access json to "access.json" when ${word.example} }`;
        assert.deepEqual(await codesOf(`${log}\n${rulesOf('otherwise send to app')}`), [], word.example);
        continue;
      }
      // A map is a file: see maps.test.ts.
      if (word.kind === 'verb' && word.args.some(({ type }) => type === 'map')) continue;
      const written = word.kind === 'field' ? `set header X-A to "b" when ${word.example}` : word.example;
      const request = word.kind === 'field' ? `deny 404 when ${word.example}` : word.example;
      if (word.kind === 'field' && word.knownFrom !== undefined) {
        const where = {
          hello: 'tls passthrough',
          handshake: 'tls terminate self-signed for localhost',
          proxy: 'accept proxy from 10.0.0.0/8',
        };
        const rules = `listener web on 127.0.0.1:0 tcp { ${where[word.knownFrom]}; ${request}; otherwise send to app }`;
        assert.deepEqual(await codesOf(`${rules}\nbackend app of 127.0.0.1:9443`), [], word.example);
        continue;
      }
      const line = word.phase === 'response' ? `on response { ${written} }` : request;
      assert.deepEqual(await codesOf(rulesOf(line)), [], word.example);
    }
    for (const component of plugin.components ?? []) {
      if (component.slot === 'answer') continue;
      // Two lines that belong together, and the example of one of them.
      if (component.slot === 'certificates' || component.slot === 'certificate') {
        const [source, line] =
          component.slot === 'certificates'
            ? [component.example, `certificate from ${component.name} for a.test`]
            : [`certificates from ${component.name} agree to terms`, component.example];
        const edge = `listener web on 127.0.0.1:443 { tls terminate; ${line}; otherwise deny }`;
        assert.deepEqual(await codesOf(`settings { ${source} }\n${edge}`), [], component.example);
        continue;
      }
      const isForListener = component.slot === 'tls';
      const serving = `listener web on 127.0.0.1:0 { otherwise send to app }\nbackend app { ${component.example} }`;
      const rules =
        component.slot === 'serve'
          ? serving
          : isForListener
            ? rulesOf(component.example)
            : rulesOf('deny ip 10.0.0.0/8', component.example);
      // The files that it names are not there, and that is the only thing wrong with it.
      const isFileNeeded = component.slot !== 'discovery' && component.args.some(({ type }) => type === 'file');
      const codes = await codesOf(rules);
      if (isFileNeeded) assert.match(codes.join(), /^SP\d{4}$/, component.example);
      else assert.deepEqual(codes, [], component.example);
    }
  }
});
