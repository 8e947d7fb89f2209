import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestPlan } from '../../src/plan/index.ts';
import { codesOf, compileText, planOf } from '../compile-text.ts';

const RULES = `define admin = path under /admin
listener web on :80 { deny 404 when admin; otherwise send to app }
backend app of 127.0.0.1:9001
`;

async function testOf(lines: string): Promise<TestPlan> {
  return (await planOf(`${RULES}test "a test" {\n${lines}\n}\n`)).tests[0]!;
}

test('a test holds its request', async () => {
  const { name, request, listener } = await testOf(
    'given ip 198.51.100.7, GET "https://a.example/x?y=1,2"\ngiven header X-A is "b c", header X-A is d, cookie sid is 1, cookie b is 2, listener web\nexpect allow',
  );
  assert.equal(name, 'a test');
  assert.equal(listener, 'web');
  assert.deepEqual(request, {
    line: 'GET https://a.example/x?y=1,2',
    headers: [
      ['X-A', 'b c'],
      ['X-A', 'd'],
      ['Cookie', 'sid=1; b=2'],
    ],
    ip: '198.51.100.7',
  });
});

test('a test contains its expectations', async () => {
  const lines = `given GET http://a.example/
    expect allow, deny, deny 404, deny by admin, deny 404 by admin
    expect redirect to "https://b.example/", redirect 301 to /x, send to app
    expect header X-A is "b", header X-A absent`;
  const { expect } = await testOf(lines);
  assert.deepEqual(
    expect.map(({ place: _, ...rest }) => rest),
    [
      { kind: 'allow' },
      { kind: 'deny', status: null, by: null },
      { kind: 'deny', status: 404, by: null },
      { kind: 'deny', status: null, by: 'admin' },
      { kind: 'deny', status: 404, by: 'admin' },
      { kind: 'redirect', status: null, location: 'https://b.example/' },
      { kind: 'redirect', status: 301, location: '/x' },
      { kind: 'send', backend: 'app' },
      { kind: 'header', name: 'X-A', value: 'b' },
      { kind: 'header', name: 'X-A', value: null },
    ],
  );
});

test('a test can be of a connection, with the content of its hello', async () => {
  const { request, listener } = await testOf(
    'given tcp to :443, sni Shop.example, alpn h2 http/1.1, alpn "x", ip 198.51.100.7\nexpect send to app, deny, allow',
  );
  assert.equal(listener, null);
  assert.deepEqual(request, {
    line: 'tcp to :443 sni Shop.example alpn h2 http/1.1 x',
    headers: [],
    ip: '198.51.100.7',
  });
  assert.equal((await testOf('given tcp, listener web\nexpect deny by admin')).request.line, 'tcp');
  const named = await testOf('given GET https://a.example/, sni absent, alpn h2\nexpect allow');
  assert.equal(named.request.line, 'GET https://a.example/ sni absent alpn h2');
});

const WRONG: readonly [lines: string, code: string][] = [
  ['given GET http://a/ and b\nexpect allow', 'SL0118 5:21'],
  ['given GET http://a/\nexpect allow { x }', 'SL0118 6:14'],
  ['given\nexpect allow', 'SL0804 5:1'],
  ['given GET http://a/, GET http://b/\nexpect allow', 'SL0807 5:22'],
  ['given ip 1.2.3, GET http://b/\nexpect allow', 'SL0806 5:10'],
  ['given GET http://a/ HTTP/1.0 x\nexpect allow', 'SL0804 5:7'],
  ['given header "X:Y" is 1, GET http://a/\nexpect allow', 'SL0806 5:26'],
  ['given GET http://a/\nexpect send to ap', 'SL0703 6:16'],
  ['given GET http://a/\nexpect deny by nobody', 'SL0808 6:16'],
  ['given GET http://a/\nexpect deny when x', 'SL0118 6:13'],
  ['given GET http://a/\nexpect (deny)', 'SL0805 6:8'],
  ['given tcp to 443\nexpect deny', 'SL0806 5:7'],
  ['given tcp :443\nexpect deny', 'SL0804 5:7'],
  ['given tcp to ":443 sni a"\nexpect deny', 'SL0804 5:7'],
  ['given tcp, sni "a b"\nexpect deny', 'SL0804 5:12'],
  ['given tcp, alpn\nexpect deny', 'SL0804 5:12'],
  ['given tcp, GET http://a/\nexpect deny', 'SL0807 5:12'],
  ['given tcp, sni a, sni b\nexpect deny', 'SL0807 5:19'],
  ['given GET http://a/, sni b\nexpect deny', 'SL0806 5:7'],
  ['given tcp, header X is y\nexpect deny', 'SL0810 5:7'],
  ['given tcp, cookie x is y\nexpect deny', 'SL0810 5:7'],
  ['given tcp\nexpect deny 403', 'SL0810 6:8'],
  ['given tcp\nexpect redirect to "http://b/"', 'SL0810 6:8'],
  ['given tcp\nexpect header X absent', 'SL0810 6:8'],
];
for (const [lines, code] of WRONG) {
  test(`${JSON.stringify(lines)} gives ${code}`, async () => {
    const { diagnostics } = await compileText(`${RULES}test "a test" {\n${lines}\n}\n`);
    assert.deepEqual(codesOf(diagnostics), [code]);
  });
}

test('two tests of one name are an error', async () => {
  const one = 'test "a" { given GET http://a/; expect allow }\n';
  const { diagnostics } = await compileText(RULES + one + one);
  assert.deepEqual(codesOf(diagnostics), ['SL0701 5:6']);
});
