import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderOf, sluice } from './sluice.ts';

const RULES = `define admin = path under /admin
list office = ips 203.0.113.0/24
listener web on 127.0.0.1:8080 {
  deny 404 when admin and not ip office
  redirect 301 to "https://{host}{path}" when header X-Old present
  set header X-Team to "blue"
  remove header X-Debug
  send to api when path under /api
  otherwise send to app
}
backend app of 127.0.0.1:9001
backend api of 127.0.0.1:9003
`;

const PASSING = `test "outsiders cannot see admin" {
  given ip 198.51.100.7, GET http://www.example.com:8080/admin/x
  expect deny 404 by admin, deny, deny by office
}
test "the office can" {
  given ip 203.0.113.9, GET http://www.example.com:8080/admin/x
  given header X-Debug is 1, cookie sid is 2
  expect send to app, allow, header X-Team is blue, header X-Debug absent, header Cookie is "sid=2"
}
test "old clients" {
  given header X-Old is 1, GET http://www.example.com:8080/a
  expect redirect 301 to "https://www.example.com/a"
}
`;

test('tests that pass are counted, and the exit code is 0', async (t) => {
  const cwd = await folderOf(t, { 'a.sluice': RULES + PASSING });
  const { code, stdout, stderr } = await sluice(['test', 'a.sluice'], { cwd });
  assert.equal(stderr, '');
  assert.equal(
    stdout,
    `✓ outsiders cannot see admin   a.sluice:13:1
✓ the office can   a.sluice:17:1
✓ old clients   a.sluice:22:1
✓ a.sluice: 3 tests passed
`,
  );
  assert.equal(code, 0);
});

test('a test with a request that is refused before the rules fails with the reason', async (t) => {
  const refused = `test "refused" {
  given TRACE http://www.example.com:8080/
  expect deny 405
}
test "small letters" {
  given delete http://www.example.com:8080/ HTTP/2
  expect deny 501
}
test "two lengths" {
  given POST http://www.example.com:8080/, header Content-Length is 1, header Content-Length is 2
  expect deny 400
}
test "it passes" {
  given GET http://www.example.com:8080/a%2Fb
  expect allow
}
`;
  const cwd = await folderOf(t, { 'a.sluice': RULES + refused });
  const { code, stdout } = await sluice(['test', 'a.sluice'], { cwd });
  assert.equal(code, 1);
  assert.match(stdout, /^✓ refused .*\n✓ small letters .*\n✓ two lengths .*\n✗ it passes /);
  assert.match(stdout, /answer 400: servers could read the path in more than one way/);
});

test('a failing test shows what was expected, what happened, and why', async (t) => {
  const failing = `test "nobody sees admin" {
  given ip 203.0.113.9, GET http://www.example.com:8080/admin
  expect deny 404, header X-Team is red, header X-No is 1
}
`;
  const cwd = await folderOf(t, { 'a.sluice': RULES + failing });
  const { code, stdout } = await sluice(['test', 'a.sluice'], { cwd });
  assert.equal(code, 1);
  assert.match(stdout, /✗ nobody sees admin {3}a\.sluice:13:1\n {4}expected deny 404\n {4}got {6}send to app\n/);
  assert.match(stdout, /expected header X-Team is "red"\n {4}got {6}header X-Team is blue\n/);
  assert.match(stdout, /expected header X-No is "1"\n {4}got {6}no header X-No\n/);
  assert.match(stdout, /why\n {6}GET http:\/\/www\.example\.com:8080\/admin from 203\.0\.113\.9\n/);
  assert.match(stdout, /✗ deny 404 when admin and not ip office +a\.sluice:4\n/);
  assert.match(stdout, /✗ a\.sluice: 1 of 1 test failed\n$/);
});

const WRONG: readonly [expected: string, got: RegExp][] = [
  ['allow', /got {6}answer 404\n/],
  ['deny 403', /got {6}answer 404\n/],
  ['send to api', /got {6}answer 404\n/],
  ['redirect to /x', /got {6}answer 404\n/],
  ['header X-Team is blue', /got {6}answer 404\n/],
];
for (const [expected, got] of WRONG) {
  test(`an expected \`${expected}\` is not met by a denial`, async (t) => {
    const lines = `test "t" {\n  given GET http://www.example.com:8080/admin\n  expect ${expected}\n}\n`;
    const cwd = await folderOf(t, { 'a.sluice': RULES + lines });
    const { code, stdout } = await sluice(['test', 'a.sluice'], { cwd });
    assert.equal(code, 1);
    assert.match(stdout, got);
  });
}

test('a denial by another rule than the named one fails', async (t) => {
  const more = RULES.replace('deny 404', 'deny header X-Old is 2\n  deny 404');
  const lines = 'test "t" {\n  given header X-Old is 2, GET http://a:8080/admin\n  expect deny by admin\n}\n';
  const cwd = await folderOf(t, { 'a.sluice': more + lines });
  assert.match((await sluice(['test', 'a.sluice'], { cwd })).stdout, /by another rule: deny header X-Old is 2\n/);
});

test('coverage lists the rules that no test reaches', async (t) => {
  const cwd = await folderOf(t, { 'a.sluice': RULES + PASSING });
  const { code, stdout } = await sluice(['test', 'a.sluice', '--coverage'], { cwd });
  assert.equal(code, 0);
  assert.match(stdout, /\n {2}coverage 85\.7%, 12 of 14 outcomes\n/);
  assert.match(stdout, /\n {2}a\.sluice:8:3 {2}send to api when path under \/api {2}never matched\n/);
  assert.match(stdout, /\n {2}a\.sluice:8:20 {2}path under \/api {2}never true\n$/);
  const low = await sluice(['test', 'a.sluice', '--fail-under', '90'], { cwd });
  assert.equal(low.code, 1);
  assert.match(low.stdout, /90% required/);
  assert.equal((await sluice(['test', 'a.sluice', '--fail-under', '80%'], { cwd })).code, 0);
  assert.equal((await sluice(['test', 'a.sluice', '--fail-under', 'most'], { cwd })).code, 2);
});

test('a request that no listener takes is one clear line, and so is a file with errors', async (t) => {
  const other = 'listener other on 127.0.0.1:8081 { otherwise deny }\n';
  const lines = 'test "t" { given GET http://a:8082/; expect allow }\n';
  const cwd = await folderOf(t, { 'a.sluice': RULES + other + lines, 'bad.sluice': 'listener' });
  const { code, stdout } = await sluice(['test', 'a.sluice', 'bad.sluice'], { cwd });
  assert.equal(code, 1);
  assert.match(stdout, /✗ t .*\n {4}.*port 8082/);
  assert.match(stdout, /✗ bad\.sluice: has errors, no tests were run\n$/);
});

test('--json prints the results as data, explanations included', async (t) => {
  const cwd = await folderOf(t, { 'a.sluice': RULES + PASSING.replace('301', '302') });
  const { code, stdout } = await sluice(['test', 'a.sluice', '--json'], { cwd });
  assert.equal(code, 1);
  const { isOk, files } = JSON.parse(stdout);
  assert.equal(isOk, false);
  assert.deepEqual(
    files[0].tests.map((each: { isOk: boolean }) => each.isOk),
    [true, true, false],
  );
  assert.deepEqual(files[0].tests[2].failures, [
    {
      expected: 'redirect 302 to "https://www.example.com/a"',
      got: 'answer 301 to "https://www.example.com/a"',
    },
  ]);
  assert.equal(files[0].tests[0].explanation.verdict.status, 404);
  assert.equal(files[0].coverage.all, 14);
});

test('--generate writes a test for every rule that none has seen, and they pass', async (t) => {
  const rules = RULES.replace(
    '  set header',
    '  deny path is /admin and ip 198.51.100.1\n  deny path matches r"^/v[0-9]+/[a-z]{2}$" and header X-Odd is "a \\"b\\", c"\n  set header',
  );
  const cwd = await folderOf(t, { 'a.sluice': rules });
  const { code, stdout, stderr } = await sluice(['test', 'a.sluice', '--generate'], { cwd });
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^test "line 4: deny 404 when admin and not ip office" \{\n {2}given ip /);
  assert.match(stdout, /\n# line 6 can never run: deny path is \/admin and ip 198\.51\.100\.1\n/);
  assert.match(stdout, /expect send to app, header X-Team is "blue"\n/);
  await writeFile(join(cwd, 'a.sluice'), `${rules}${stdout}`);
  const run = await sluice(['test', 'a.sluice', '--coverage'], { cwd });
  assert.equal(run.code, 0, run.stdout);
  assert.match(run.stdout, /: 7 tests passed\n/);
  assert.deepEqual(
    run.stdout.match(/.*never matched$/gm)?.map((line) => line.trim().split(' ')[0]),
    ['a.sluice:6:3'],
  );
  const again = await sluice(['test', 'a.sluice', '--generate'], { cwd });
  assert.match(again.stdout, /^# line 6 can never run: .*\n$/);
});

test('connections are tested, covered, and generated', async (t) => {
  const rules = `list office = ips 203.0.113.0/24
listener edge on 127.0.0.1:8443 tcp {
  tls passthrough
  tls passthrough to api when sni pay.example
  deny not ip office
  send to api when sni like *.api.example and alpn h2
  send to api when sni v1.api.example and alpn h2
  otherwise send to app
}
backend app of 127.0.0.1:9001
backend api of 127.0.0.1:9002
`;
  const tests = `test "payments" {
  given tcp, sni PAY.example
  expect send to api, allow
}
test "only the office" {
  given tcp to :8443, sni shop.example, alpn h2 http/1.1
  expect deny, deny by office
}
`;
  const wrong = 'test "wrong" {\n  given tcp, sni shop.example\n  expect allow\n}\n';
  const cwd = await folderOf(t, { 'a.sluice': rules + tests, 'b.sluice': rules + wrong });
  const passed = await sluice(['test', 'a.sluice', '--coverage'], { cwd });
  assert.match(passed.stdout, /\n✓ a\.sluice: 2 tests passed\n {2}coverage 29\.4%, 5 of 17 outcomes\n/);
  assert.match(passed.stdout, /send to api when sni like \*\.api\.example and alpn h2 {2}never matched/);
  const failed = await sluice(['test', 'b.sluice'], { cwd });
  assert.match(failed.stdout, /expected allow\n {4}got {6}closed\n/);
  const { stdout } = await sluice(['test', 'a.sluice', '--generate'], { cwd });
  assert.equal(
    stdout,
    `test "line 6: send to api when sni like *.api.example and alpn h2" {
  given ip 203.0.113.9, tcp to :8443, sni x.api.example, alpn h2
  expect send to api
}

# line 7 can never run: send to api when sni v1.api.example and alpn h2

test "line 8: otherwise send to app" {
  given ip 203.0.113.9, tcp to :8443
  expect send to app
}
`,
  );
  await writeFile(join(cwd, 'c.sluice'), rules + tests + stdout);
  const all = await sluice(['test', 'c.sluice'], { cwd });
  assert.equal(all.code, 0, all.stdout);
});
