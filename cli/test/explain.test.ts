import assert from 'node:assert/strict';
import { test } from 'node:test';
import { folderOf, sluice } from './sluice.ts';

const RULES = `define admin = path under /admin
listener web on 127.0.0.1:8080 {
  deny ip 10.0.0.0/8
  deny 404 when admin and not ip 203.0.113.0/24
  redirect 301 to "https://{host}{path}{query}" when header X-Old present
  set header X-Team to "blue"
  send to api when path under /api
  otherwise send to app
}
backend app {
  server web1 127.0.0.1:9001 weight 3
  server web2 127.0.0.1:9002 backup
  balance least-connections
  stick on cookie sid
}
backend api of 127.0.0.1:9003
`;

test('a denial is explained rule by rule, with places, marks and values', async (t) => {
  const cwd = await folderOf(t, { 'edge.sluice': RULES });
  const { code, stdout, stderr } = await sluice(
    ['explain', 'edge.sluice', 'GET http://www.example.com:8080/admin/x?y=1 from 198.51.100.7'],
    { cwd },
  );
  assert.equal(stderr, '');
  assert.equal(code, 0);
  assert.equal(
    stdout,
    `GET http://www.example.com:8080/admin/x?y=1 from 198.51.100.7
listener web

guards
  ✗ deny ip 10.0.0.0/8                              edge.sluice:3
      ✗ ip is 10.0.0.0/8                            198.51.100.7
  ✓ deny 404 when admin and not ip 203.0.113.0/24   edge.sluice:4
      ✓ and
        ✓ admin
          ✓ path under /admin                       /admin/x
        ✓ not
          ✗ ip is 203.0.113.0/24                    198.51.100.7

→ answer 404   by edge.sluice:4
  without it: backend app   by edge.sluice:8
`,
  );
});

test('a request that is sent on is explained with its changes and its candidates', async (t) => {
  const cwd = await folderOf(t, { 'edge.sluice': RULES });
  const { stdout } = await sluice(['explain', 'edge.sluice', 'GET http://www.example.com/ from 198.51.100.7'], { cwd });
  assert.match(stdout, /· not +not asked\n/);
  assert.match(stdout, /header x-old present +absent\n/i);
  assert.match(stdout, /\nchanges\n {2}✓ set header X-Team to "blue" +edge\.sluice:6\n/);
  assert.match(stdout, /\n→ backend app {3}by edge\.sluice:8\n {4}set {4}X-Team: blue\n/);
  assert.match(stdout, /\nservers {3}balance least-connections, stick on cookie/);
  assert.match(stdout, /\n {2}✓ web1 {2}127\.0\.0\.1:9001 {2}running/);
  assert.match(stdout, /\n {2}✗ web2 {2}127\.0\.0\.1:9002 {2}backup: another server is up/);
});

test('headers of the request are taken into account', async (t) => {
  const cwd = await folderOf(t, { 'edge.sluice': RULES });
  const { stdout } = await sluice(
    ['explain', 'edge.sluice', 'GET http://www.example.com/a?b=c', '-H', 'X-Old: 1', '-H', 'X-Other: 2'],
    { cwd },
  );
  assert.match(stdout, /\n→ answer 301 {3}by edge\.sluice:5\n {4}Location: https:\/\/www\.example\.com\/a\?b=c\n/);
});

test('--json prints the explanation as data', async (t) => {
  const cwd = await folderOf(t, { 'edge.sluice': RULES });
  const args = ['explain', 'edge.sluice', 'GET http://www.example.com/api', '--json', '--listener', 'web'];
  const explanation = JSON.parse((await sluice(args, { cwd })).stdout);
  assert.deepEqual(explanation.verdict, { kind: 'send', backend: 'api' });
  assert.equal(explanation.listener, 'web');
  assert.equal(explanation.servers.length, 1);
});

const WRONG: readonly [name: string, request: string, message: RegExp][] = [
  ['a request that is none', 'hello', /`hello`.*is not a request/],
  ['an address that is none', 'GET http://a/ from 1.2.3', /`1\.2\.3` is not an IP address/],
  ['an address that TLS says without TLS', 'GET http://a/ sni b', /`sni` is what TLS says/],
];
for (const [name, request, message] of WRONG) {
  test(`${name} is one clear line`, async (t) => {
    const cwd = await folderOf(t, { 'edge.sluice': RULES });
    const { code, stdout, stderr } = await sluice(['explain', 'edge.sluice', request], { cwd });
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, message);
    assert.match(stderr, /^sluice: .*\n$/);
  });
}

test('a request that is refused before any rule has the live status, and the reason', async (t) => {
  const cwd = await folderOf(t, { 'edge.sluice': RULES });
  for (const [request, head, status, reason] of [
    ['GET http://a/x%2Fy', 'GET http://a:8080/x%2Fy', 400, 'servers could read the path in more than one way'],
    ['TRACE http://a/', 'TRACE http://a:8080/', 405, 'TRACE is not served'],
    ['CONNECT a:443', 'CONNECT a:443', 405, 'CONNECT is not served'],
    ['delete http://a/ HTTP/2', 'delete http://a:8080/', 501, 'the method is not in capitals'],
    ['GET /x', 'GET /x', 400, 'it has no Host'],
    [
      'GET https://a:8080/',
      'GET http://a:8080/',
      400,
      'the listener opens no TLS, so what an https:// client says first is no HTTP',
    ],
  ] as const) {
    const { code, stdout } = await sluice(['explain', 'edge.sluice', request], { cwd });
    assert.equal(code, 0);
    assert.equal(
      stdout,
      `${head} from 127.0.0.1\nlistener web\n\n→ answer ${status}   before any rule\n    ${reason}\n`,
    );
  }
});

test('a port that no listener has is one clear line that names the listeners', async (t) => {
  const other = 'listener plain on 127.0.0.1:8081 { otherwise deny 404 }\n';
  const cwd = await folderOf(t, { 'edge.sluice': RULES + other });
  const { code, stderr } = await sluice(['explain', 'edge.sluice', 'GET http://a/'], { cwd });
  assert.equal(code, 1);
  assert.match(stderr, /^sluice: .*port 80\b.*web \(port 8080\), plain \(port 8081\)\n$/);
  const named = await sluice(['explain', 'edge.sluice', 'GET http://a/', '--listener', 'plain'], { cwd });
  assert.match(named.stdout, /→ answer 404/);
});

test('problems of the file go to stderr', async (t) => {
  const cwd = await folderOf(t, { 'edge.sluice': RULES.replace('deny ip', 'dney ip') });
  const { code, stdout, stderr } = await sluice(['explain', 'edge.sluice', 'GET http://a/'], { cwd });
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /unknown word `dney`/);
});

test('plan prints the plan as JSON, and nothing but problems when there are any', async (t) => {
  const cwd = await folderOf(t, { 'edge.sluice': RULES, 'bad.sluice': 'listener' });
  const good = await sluice(['plan', 'edge.sluice'], { cwd });
  assert.equal(good.code, 0);
  const plan = JSON.parse(good.stdout);
  assert.equal(plan.version, 1);
  assert.deepEqual(plan.backends[0].stick.options, { cookie: 'sid', ttl: 28_800_000, size: 65_536 });
  const bad = await sluice(['plan', 'bad.sluice'], { cwd });
  assert.equal(bad.code, 1);
  assert.equal(bad.stdout, '');
  assert.match(bad.stderr, /^SL\d{4} bad\.sluice:1:/);
});

test('it shows what would happen without the rule that decided', async (t) => {
  const cwd = await folderOf(t, { 'edge.sluice': RULES });
  const explained = async (request: string) =>
    JSON.parse((await sluice(['explain', 'edge.sluice', request, '--json'], { cwd })).stdout).otherwise;
  const denied = await explained('GET http://a/admin from 10.0.0.1');
  assert.deepEqual(denied.verdict, { kind: 'answer', status: 404, headers: [] });
  assert.equal(denied.by.text, 'deny 404 when admin and not ip 203.0.113.0/24');
  const sent = await explained('GET http://a/api from 198.51.100.7');
  assert.deepEqual(sent.verdict, { kind: 'send', backend: 'app' });
  assert.equal(await explained('GET http://a/ from 198.51.100.7'), null);
});

const EDGE = `list office = ips 203.0.113.0/24
listener edge on 127.0.0.1:8443 tcp {
  tls passthrough
  tls passthrough to api when sni pay.example
  deny not ip office or sni absent
  send to api when sni like *.example and alpn h2
  otherwise send to app
}
listener db on 127.0.0.1:5432 tcp {
  deny not ip office
  otherwise send to app
}
listener web on 127.0.0.1:8080 { otherwise send to app }
backend app of 127.0.0.1:9001
backend api of 127.0.0.1:9003
`;

test('a connection is explained, and the quotes may be left out', async (t) => {
  const cwd = await folderOf(t, { 'edge.sluice': EDGE });
  const words = ['tcp', 'to', ':8443', 'sni', 'Shop.example', 'alpn', 'h2,', 'http/1.1', 'from', '203.0.113.9'];
  const { code, stdout } = await sluice(['explain', 'edge.sluice', ...words], { cwd });
  assert.equal(code, 0);
  assert.equal(
    stdout,
    `tcp to :8443 sni shop.example alpn h2 http/1.1 from 203.0.113.9
listener edge

before TLS is opened
  ✗ tls passthrough to api when sni pay.example   edge.sluice:4
      ✗ sni is pay.example                        shop.example

guards
  ✗ deny not ip office or sni absent   edge.sluice:5
      ✗ or
        ✗ not
          ✓ ip is office               203.0.113.9
        ✗ sni absent                   shop.example

routes
  ✓ send to api when sni like *.example and alpn h2   edge.sluice:6
      ✓ and
        ✓ sni like *.example                          shop.example
        ✓ alpn is h2                                  h2, http/1.1

→ backend api   by edge.sluice:6
    TLS is passed through undecrypted
  without it: backend app   by edge.sluice:7

servers   balance round-robin, assumed to be healthy and idle
  ✓ 127.0.0.1:9003  127.0.0.1:9003  running, takes its turn: 1 in 1   weight 1
`,
  );
});

test('a connection that is refused is closed', async (t) => {
  const cwd = await folderOf(t, { 'edge.sluice': EDGE });
  const { stdout } = await sluice(['explain', 'edge.sluice', 'tcp from 198.51.100.7', '--listener', 'db'], { cwd });
  assert.match(stdout, /^tcp to :5432 from 198\.51\.100\.7\nlistener db\n/);
  assert.match(stdout, /\n→ closed {3}by edge\.sluice:10\n {2}without it: backend app/);
  const json = await sluice(['explain', 'edge.sluice', 'tcp to :8443 from 203.0.113.1', '--json'], { cwd });
  const { verdict, request, passthroughs, answer } = JSON.parse(json.stdout);
  assert.deepEqual(verdict, { kind: 'close' });
  const { scheme, method, sni, alpn } = request;
  assert.deepEqual([scheme, method, sni, alpn], ['tcp', '', '', []]);
  assert.equal(passthroughs.length, 1);
  assert.equal(answer.isAssumed, false);
});

test('--listener restricts the question to a listener that accepts the request', async (t) => {
  const cwd = await folderOf(t, { 'edge.sluice': EDGE });
  const problem = async (...words: string[]): Promise<string> => {
    const { code, stderr } = await sluice(['explain', 'edge.sluice', ...words], { cwd });
    assert.equal(code, 1);
    return stderr;
  };
  assert.match(await problem('tcp'), /say to which listener, as in `tcp to :443`/);
  assert.match(
    await problem('tcp', 'to', ':80'),
    /none for connections is on port 80\. Listeners: edge \(port 8443\), db/,
  );
  assert.match(await problem('tcp', '--listener', 'web'), /listener `web` judges requests, such as `GET /);
  assert.match(
    await problem('GET http://a/', '--listener', 'db'),
    /listener `db` judges connections, such as `tcp to :5432/,
  );
  assert.match(await problem('tcp', '--listener', 'no'), /no listener accepts `tcp`/);
  assert.match(await problem('tcp', 'to', ':5432', '-H', 'X-A: b'), /a connection has no headers/);
});
