import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { checkRules } from '../../dist/checked-rules.js';
import { replayLog } from '../../dist/replay/replay-log.js';
import type { Group, Summary } from '../../src/replay/summary.ts';
import { folderOf } from '../sluice.ts';

const RULES = `define admin = path under /admin
listener web on 127.0.0.1:8080 {
  allow path is /health
  deny ip 10.0.0.0/8
  deny 404 when admin and not ip 203.0.113.0/24
  redirect 301 to "https://www.example.com{path}" when host example.com
  set header X-A to "b"
  send to api when cookie beta is on
  send to api when path under /api
  otherwise send to app
}
backend app of 127.0.0.1:9001
backend api of 127.0.0.1:9002
`;

const LINE = {
  ts: '2026-03-01T12:00:00.000Z',
  listener: 'web',
  client: '198.51.100.7',
  method: 'GET',
  scheme: 'http',
  host: 'shop.example.com',
  port: 8080,
  path: '/',
  query: '',
  status: 200,
  rule: 'gateway.sluice:10:3',
  backend: 'app',
  headers: { cookie: null },
};

type Said = { readonly [Name in keyof typeof LINE]?: unknown };

function jsonLine(said: Said): string {
  return JSON.stringify({ ...LINE, ...said });
}

async function replayed(
  t: TestContext,
  log: string | Uint8Array,
  options: { threads?: number; name?: string; rules?: string; listener?: string } = {},
): Promise<Summary> {
  const folder = await folderOf(t, { 'gateway.sluice': options.rules ?? RULES });
  const { plan, entries, problems } = await checkRules(join(folder, 'gateway.sluice'));
  assert.deepEqual(
    problems.filter(({ severity }) => severity === 'error'),
    [],
  );
  const file = join(folder, options.name ?? 'access.log');
  await writeFile(file, log);
  const setup = { plan: plan!, entries, listener: options.listener ?? null };
  return replayLog(setup, file, { threads: options.threads ?? 0 });
}

/** shown gives each group as `outcome was -> now`. */
function shown({ groups }: { groups: readonly Group[] }): string[] {
  return groups.map(({ outcome, was, now, count }) => `${count} ${outcome}: ${was} -> ${now}`);
}

test('each logged decision is compared with what the rules do now', async (t) => {
  const summary = await replayed(
    t,
    [
      jsonLine({}),
      jsonLine({ path: '/api/x' }),
      jsonLine({ path: '/api/y', backend: 'api' }),
      jsonLine({ client: '10.1.2.3' }),
      jsonLine({ client: '10.1.2.3', status: 403, backend: null, rule: 'old.sluice:4:3' }),
      jsonLine({ client: '10.1.2.3', path: '/health' }),
      jsonLine({ path: '/admin/x', status: 403, backend: null, rule: 'old.sluice:4:3' }),
      jsonLine({ path: '/was-denied', status: 403, backend: null, rule: 'old.sluice:4:3' }),
      jsonLine({ host: 'example.com', status: 301, backend: null, rule: 'old.sluice:4:3' }),
    ].join('\n'),
  );
  assert.deepEqual(shown(summary), [
    '1 changed: send to app (200) -> send to api',
    '1 changed: send to app (200) -> answer 403',
    '1 changed: answer 403 -> answer 404',
    '1 changed: answer 403 -> send to app',
    '2 same: send to app (200) -> send to app',
    '1 same: send to api (200) -> send to api',
    '1 same: answer 403 -> answer 403',
    '1 same: answer 301 -> answer 301',
  ]);
  const changed = summary.groups[0]!;
  assert.equal(changed.rule!.text, 'send to api when path under /api');
  assert.match(changed.rule!.place, /gateway\.sluice:9:3$/);
  assert.deepEqual(changed.examples, [{ line: 2, request: 'GET http://shop.example.com/api/x from 198.51.100.7' }]);
});

test('a condition on an unlogged field is undecidable unless another rule decides', async (t) => {
  const { headers: _, host: __, ...bare } = LINE;
  const lines = [
    JSON.stringify({ ...bare, host: 'shop.example.com' }),
    JSON.stringify({ ...bare, headers: { cookie: null } }),
    JSON.stringify({ ...bare, client: '10.0.0.1', backend: null, status: 403 }),
    JSON.stringify({ ...bare, path: '/admin', client: undefined }),
  ];
  const summary = await replayed(t, lines.join('\n'));
  assert.deepEqual(shown(summary), [
    '1 unknown: send to app (200) -> depends on the header cookie',
    '1 unknown: send to app (200) -> depends on the host',
    '1 unknown: send to app (200) -> depends on the client',
    '1 same: answer 403 -> answer 403',
  ]);
});

test('combined lines are compared by status, and those that do not show who answered are reported', async (t) => {
  const rules = RULES.replace(/^.*(?:redirect|cookie).*\n/gm, '');
  const line = (ip: string, path: string, status: number): string =>
    `${ip} - - [01/Mar/2026:12:00:00 +0000] "GET ${path} HTTP/1.1" ${status} 5 "-" "curl/8.5"`;
  const log = [line('10.0.0.1', '/', 403), line('10.0.0.1', '/', 200), line('198.51.100.7', '/api', 200)].join('\n');
  assert.deepEqual(shown(await replayed(t, log, { rules })), [
    '1 changed: status 200 -> answer 403',
    '1 unsaid: status 200 -> send to api',
    '1 same: status 403 -> answer 403',
  ]);
});

test('a log without listener names needs --listener if there are several', async (t) => {
  const rules = RULES.replace(
    'backend app',
    'listener other on 127.0.0.1:8081 { deny method GET; otherwise send to app }\nbackend app',
  );
  const { listener: _, port: __, ...bare } = LINE;
  const log = JSON.stringify(bare);
  assert.deepEqual(shown(await replayed(t, log, { rules })), [
    '1 unknown: send to app (200) -> depends on the listener',
  ]);
  assert.deepEqual(shown(await replayed(t, log, { rules, listener: 'other' })), [
    '1 changed: send to app (200) -> answer 403',
  ]);
  const withPort = JSON.stringify({ ...bare, port: 8081 });
  assert.deepEqual(shown(await replayed(t, withPort, { rules })), ['1 changed: send to app (200) -> answer 403']);
});

test('bad lines are counted and shown, refused requests counted, empty lines passed over, ends of lines of any kind', async (t) => {
  const long = `{"x":"${'y'.repeat(300_000)}"}`;
  const refused = jsonLine({ status: 400, backend: null, rule: null });
  const log = `${jsonLine({})}\r\n\r\nrubbish\u001b[2J\n${long}\n${refused}\n\n${jsonLine({})}`;
  const summary = await replayed(t, log);
  assert.deepEqual([summary.lines, summary.same, summary.refused, summary.bad], [5, 2, 1, 2]);
  assert.deepEqual(
    summary.badExamples.map(({ line, reason }) => [line, reason]),
    [
      [3, 'it is neither JSON nor in the combined format'],
      [4, 'it is too long'],
    ],
  );
  assert.ok(!summary.badExamples[0]!.text.includes('\u001b'));
});

test('200,000 lines, plain and packed, on threads and without, come to the same', async (t) => {
  const lines: string[] = [];
  for (let index = 0; index < 200_000; index++) {
    const path = index % 10 === 0 ? `/api/${index}` : `/p/${index}`;
    lines.push(index % 1000 === 999 ? 'rubbish' : jsonLine({ path, client: `198.51.100.${index % 250}` }));
  }
  const log = Buffer.from(`${lines.join('\n')}\n`);
  const here = await replayed(t, log);
  assert.equal(here.lines, 200_000);
  assert.deepEqual([here.changed, here.bad, here.same], [20_000, 200, 179_800]);
  assert.equal(here.groups[0]!.examples[0]!.line, 1);
  assert.equal(here.badExamples[0]!.line, 1000);
  const withoutFolder = ({ groups, ...rest }: Summary) => ({
    ...rest,
    groups: groups.map(({ rule: _, ...group }) => group),
  });
  const threads = await replayed(t, log, { threads: 2 });
  assert.deepEqual(withoutFolder(threads), withoutFolder(here));
  const packed = await replayed(t, gzipSync(log, { level: 1 }), { threads: 2, name: 'access.log.gz' });
  assert.deepEqual(withoutFolder(packed), withoutFolder(here));
});

test('a packed log that is cut off is refused', async (t) => {
  const packed = gzipSync(jsonLine({}).repeat(100));
  const replay = replayed(t, packed.subarray(0, packed.length - 20), { name: 'access.log.gz' });
  await assert.rejects(replay, /unexpected end of file/);
});

test('limits, shares and maps that depend on time or on unlogged fields are undecidable', async (t) => {
  const rules = RULES.replace('  allow path', '  limit 10/s per ip when path under /login\n  allow path').replace(
    '  send to api when cookie',
    '  send 50% to api by cookie sid when path under /share\n  send to api when cookie',
  );
  const { headers: _, ...bare } = LINE;
  const log = [
    jsonLine({ path: '/login' }),
    jsonLine({ path: '/login', status: 429, backend: null, rule: 'old.sluice:3:3' }),
    JSON.stringify({ ...bare, path: '/share' }),
  ].join('\n');
  assert.deepEqual(shown(await replayed(t, log, { rules })), [
    '1 unknown: answer 429 -> depends on the rate of the requests',
    '1 unknown: send to app (200) -> depends on the header cookie',
    '1 same: send to app (200) -> send to app',
  ]);
});

/** changes are all groups but those that stay the same. */
function changes(summary: Summary): string[] {
  return shown({ groups: summary.groups.filter(({ outcome }) => outcome !== 'same') });
}

const EDGE = `list office = ips 203.0.113.0/24
listener db on 127.0.0.1:5432 tcp {
  deny not ip office
  otherwise send to app
}
listener edge on 127.0.0.1:8443 tcp {
  tls passthrough
  deny sni absent
  send to api when alpn h2
  otherwise send to app
}
backend app of 127.0.0.1:9001
backend api of 127.0.0.1:9002
`;

function connection(said: object): string {
  const line = { client: '203.0.113.7', scheme: 'tcp', port: 5432, rule: 'x:1:1', backend: 'app', server: 'a' };
  return JSON.stringify({ listener: 'db', ...line, ...said });
}

test('connections are judged by rules of connections', async (t) => {
  const edge = { listener: 'edge', port: 8443 };
  const summary = await replayed(
    t,
    [
      connection({}),
      connection({ client: '198.51.100.7' }),
      connection({ client: '198.51.100.7', backend: null, server: null }),
      connection({ backend: null, server: null }),
      connection({ listener: undefined }),
      connection({ ...edge, sni: 'a.example', alpn: [] }),
      connection({ ...edge, sni: null, alpn: ['h2'] }),
      connection({ ...edge, sni: 'a.example', alpn: ['h2'] }),
      connection({ ...edge }),
      connection({ alpn: 'h2' }),
    ].join('\n'),
    { rules: EDGE },
  );
  assert.deepEqual(changes(summary), [
    '1 changed: send to app -> closed',
    '1 changed: closed -> send to app',
    '1 changed: send to app -> closed',
    '1 changed: send to app -> send to api',
    '1 unknown: send to app -> depends on the sni',
  ]);
  assert.deepEqual([summary.same, summary.bad], [4, 1]);
  assert.deepEqual(
    summary.groups.filter(({ outcome }) => outcome !== 'same').map(({ examples }) => examples[0]!.request),
    [
      'tcp to :5432 from 198.51.100.7',
      'tcp to :5432 from 203.0.113.7',
      'tcp to :8443 alpn h2 from 203.0.113.7',
      'tcp to :8443 sni a.example alpn h2 from 203.0.113.7',
      'tcp to :8443 from 203.0.113.7',
    ],
  );
});

test('where TLS is passed on is asked before the rules of requests', async (t) => {
  const rules = `listener web on 127.0.0.1:8443 {
  tls passthrough to api when sni pay.example
  tls terminate self-signed for a.example
  otherwise send to app
}
backend app of 127.0.0.1:9001
backend api of 127.0.0.1:9002
`;
  const https = { scheme: 'https', port: 8443 };
  const passed = { listener: 'web', port: 8443, backend: 'api' };
  const summary = await replayed(
    t,
    [
      jsonLine({ ...https, sni: 'shop.example', alpn: ['h2'] } as Said),
      jsonLine({ ...https, sni: null, alpn: [] } as Said),
      jsonLine({ ...https, sni: 'pay.example', alpn: [], backend: 'api' } as Said),
      jsonLine(https),
      connection({ ...passed, sni: 'pay.example', alpn: [] }),
      connection({ ...passed, sni: 'other.example', alpn: [] }),
    ].join('\n'),
    { rules },
  );
  assert.deepEqual(changes(summary), [
    '1 changed: send to api (200) -> pass on to api',
    '1 changed: send to api -> terminate its TLS, and evaluate its requests',
    '1 unknown: send to app (200) -> depends on the sni',
  ]);
  assert.equal(summary.same, 3);
});

test('a host that is passed on gets 421 on a connection that was opened for another', async (t) => {
  const rules = `listener web on 127.0.0.1:8443 {
  tls passthrough to api when sni pay.example
  tls terminate self-signed for a.example
  otherwise send to app
}
backend app of 127.0.0.1:9001
backend api of 127.0.0.1:9002
`;
  const https = { scheme: 'https', port: 8443, alpn: ['h2'] };
  const summary = await replayed(
    t,
    [
      jsonLine({ ...https, sni: 'shop.example', host: 'pay.example' } as Said),
      jsonLine({ ...https, sni: null, host: 'pay.example' } as Said),
      jsonLine({ ...https, sni: 'shop.example', host: 'other.example' } as Said),
      jsonLine({ ...https, sni: 'shop.example', host: '192.0.2.1' } as Said),
      jsonLine({ ...https, sni: 'shop.example', host: 'pay.example', status: 421, backend: null } as Said),
    ].join('\n'),
    { rules },
  );
  assert.deepEqual(changes(summary), ['2 changed: send to app (200) -> answer 421']);
  assert.equal(summary.same, 3);
});

test('paths and names of a log are judged in the form that live traffic has', async (t) => {
  const rules = `listener web on 127.0.0.1:8080 {
  deny path under /secret
  deny host admin.example or host "::1"
  otherwise send to app
}
backend app of 127.0.0.1:9001 { paths for tomcat }
`;
  const denied = [
    { path: '//secret' },
    { path: '/a/..//secret' },
    { path: '/x/..;/secret;y' },
    { path: '/%73ecret' },
    { host: 'Admin.Example.' },
    { host: '[0::1]' },
    { host: '::1' },
  ];
  const refused = [{ path: '/%c0%afsecret' }, { path: '/a%0a' }];
  const passed = [{ path: '/caf%e9' }, { path: '/Secret' }, { host: 'a=b' }];
  const { groups } = await replayed(t, [...denied, ...refused, ...passed].map(jsonLine).join('\n'), { rules });
  const sum = (now: RegExp): number =>
    groups.filter((group) => now.test(group.now)).reduce((total, { count }) => total + count, 0);
  assert.deepEqual([sum(/deny|403/), sum(/400/)], [denied.length, refused.length], JSON.stringify(groups));
});
