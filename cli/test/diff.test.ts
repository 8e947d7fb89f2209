import assert from 'node:assert/strict';
import { test } from 'node:test';
import { folderOf, sluice } from './sluice.ts';

const OLD = `define admin = path under /admin
listener web on 127.0.0.1:8080 {
  deny 404 when admin and not ip 203.0.113.0/24
  redirect 301 to "https://{host}{path}" when header X-Old present
  send to api when path under /api
  otherwise send to app
}
backend app of 127.0.0.1:9001
backend api of 127.0.0.1:9003
`;

test('the same rules written in another way do not differ', async (t) => {
  const other = OLD.replace('admin and not ip 203.0.113.0/24', 'path is /admin and not ip 203.0.113.0/24').replace(
    '  redirect',
    '  deny 404 when path starts /admin/ and not ip 203.0.113.0/24   # below\n  redirect',
  );
  const cwd = await folderOf(t, {
    'old.sluice': OLD,
    'new.sluice': other.replace('define admin = path under /admin\n', ''),
  });
  const { code, stdout, stderr } = await sluice(['diff', 'old.sluice', 'new.sluice'], { cwd });
  assert.equal(stderr, '');
  assert.equal(stdout, '✓ no differences found\n');
  assert.equal(code, 0);
});

test('a request that is treated in another way is shown with what both do, and can be explained', async (t) => {
  const fresh = OLD.replace('path under /admin', 'path under /admin/x').replace('under /api', 'under /v1');
  const cwd = await folderOf(t, { 'old.sluice': OLD, 'new.sluice': fresh });
  const { code, stdout } = await sluice(['diff', 'old.sluice', 'new.sluice'], { cwd });
  assert.equal(code, 1);
  assert.match(
    stdout,
    /^'GET http:\/\/www\.example\.com:8080\/admin from 198\.51\.100\.7' {3}listener web\n {2}- answer 404 {3}deny 404 when admin and not ip 203\.0\.113\.0\/24 {3}old\.sluice:3:3\n {2}\+ send to app {3}otherwise send to app {3}new\.sluice:6:3\n/m,
  );
  assert.match(stdout, / -H 'X-Old: 1' .*\n {2}- answer 404 .*\n {2}\+ answer 301 to /);
  const { differences, isComplete } = JSON.parse(
    (await sluice(['diff', 'old.sluice', 'new.sluice', '--json'], { cwd })).stdout,
  );
  assert.equal(isComplete, true);
  for (const { request, headers, before, after } of differences) {
    const more = headers.flatMap(([name, value]: [string, string]) => ['-H', `${name}: ${value}`]);
    for (const [file, side] of [
      ['old.sluice', before],
      ['new.sluice', after],
    ]) {
      const { verdict } = JSON.parse((await sluice(['explain', file, request, ...more, '--json'], { cwd })).stdout);
      const said = verdict.kind === 'send' ? `send to ${verdict.backend}` : `answer ${verdict.status}`;
      assert.ok(side.verdict.startsWith(said), `${file} ${request}: ${side.verdict}, ${said}`);
    }
  }
});

test('a new listener is a difference, and a file with errors is reported', async (t) => {
  const more = `${OLD}listener two on 127.0.0.1:8081 { otherwise deny }\n`;
  const cwd = await folderOf(t, { 'old.sluice': OLD, 'new.sluice': more, 'bad.sluice': 'listener' });
  const { code, stdout } = await sluice(['diff', 'old.sluice', 'new.sluice'], { cwd });
  assert.deepEqual([code, stdout], [1, '+ listener two\n']);
  const bad = await sluice(['diff', 'old.sluice', 'bad.sluice'], { cwd });
  assert.deepEqual([bad.code, bad.stdout], [1, '']);
  assert.match(bad.stderr, /^SL\d{4} bad\.sluice:1/);
});

test('connections that are treated in another way are shown, and can be explained', async (t) => {
  const rules = (lines: string): string => `listener edge on 127.0.0.1:8443 {
${lines}
  tls terminate self-signed for a.example
  deny path under /admin
  otherwise send to app
}
listener db on 127.0.0.1:5432 tcp {
  ${lines.includes('10.0') ? 'deny ip 10.0.0.0/8' : 'deny ip 10.0.0.0/9'}
  otherwise send to app
}
backend app of 127.0.0.1:9001
backend pay of 127.0.0.1:9002
`;
  const cwd = await folderOf(t, {
    'old.sluice': rules('  tls passthrough to pay when sni pay.example'),
    'new.sluice': rules('  tls passthrough to app when sni pay.example and ip 10.0.0.0/8'),
  });
  const { code, stdout } = await sluice(['diff', 'old.sluice', 'new.sluice'], { cwd });
  assert.equal(code, 1);
  assert.equal(
    stdout,
    `'tcp to :8443 sni pay.example from 10.0.0.1'   listener edge
  - pass on to pay   tls passthrough to pay when sni pay.example   old.sluice:2:3
  + pass on to app   tls passthrough to app when sni pay.example and ip 10.0.0.0/8   new.sluice:2:3
'GET https://www.example.com:8443/admin sni pay.example from 198.51.100.7'   listener edge
  - pass on to pay   tls passthrough to pay when sni pay.example   old.sluice:2:3
  + answer 403   deny path under /admin   new.sluice:4:3
'GET https://www.example.com:8443/ sni pay.example from 198.51.100.7'   listener edge
  - pass on to pay   tls passthrough to pay when sni pay.example   old.sluice:2:3
  + send to app   otherwise send to app   new.sluice:5:3
'tcp to :5432 from 10.128.0.1'   listener db
  - send to app   otherwise send to app   old.sluice:9:3
  + close   deny ip 10.0.0.0/8   new.sluice:8:3
4 differences
`,
  );
});
