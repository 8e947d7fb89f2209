/**
 * `log access`: formats, destinations and conditions, in `settings` and in listeners, and what is said of those that are none.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccessLogPlan } from '../../src/plan/index.ts';
import { codesOf, compileText, inContext, listenerOf, planOf, problemOf } from '../compile-text.ts';

const logsOf = async (lines: string): Promise<readonly AccessLogPlan[] | undefined> =>
  (await planOf(inContext('settings', lines))).settings.accessLogs;

const one = async (line: string): Promise<Omit<AccessLogPlan, 'place'>> => {
  const [log, ...more] = (await logsOf(line))!;
  assert.equal(more.length, 0);
  const { place: _, ...rest } = log!;
  return rest;
};

test('a log has a format and a place', async () => {
  assert.deepEqual(await one('log access json to "/var/log/a.log"'), {
    format: 'json',
    to: { kind: 'file', path: '/var/log/a.log' },
  });
  assert.deepEqual(await one('log access combined to stdout'), { format: 'combined', to: { kind: 'stdout' } });
  assert.deepEqual(await one('log access json to stderr'), { format: 'json', to: { kind: 'stderr' } });
});

test('a log may go to a syslog server', async () => {
  const to = async (rest: string) => (await one(`log access json to syslog ${rest}`)).to;
  const address = { host: '10.0.0.5', port: 514 };
  assert.deepEqual(await to('10.0.0.5:514'), { kind: 'syslog', transport: 'udp', address, facility: 'local0' });
  assert.deepEqual(await to('10.0.0.5:514 over tcp facility daemon'), {
    kind: 'syslog',
    transport: 'tcp',
    address,
    facility: 'daemon',
  });
  assert.deepEqual(await to('unix:/run/log.sock'), {
    kind: 'syslog',
    transport: 'unix',
    address: { path: '/run/log.sock' },
    facility: 'local0',
  });
});

test('a format of one’s own has the log’s fields, headers and cookies of the request, headers of the response, and fields of the vocabulary', async () => {
  const { format } = await one(
    'log access "{{{client.ip}}} \\"{header.User-Agent}\\" {cookie.SID} {response.header.X-Cache} {tls.version}" to stdout',
  );
  assert.deepEqual(format, {
    template: [
      '{',
      { placeholder: 'client.ip', key: null },
      '} "',
      { placeholder: 'header', key: 'user-agent' },
      '" ',
      { placeholder: 'cookie', key: 'SID' },
      ' ',
      { placeholder: 'response.header', key: 'x-cache' },
      ' ',
      { placeholder: 'tls version', key: null },
    ],
  });
});

test('a file may be rotated, and logs of the same file agree on it', async () => {
  assert.deepEqual((await one('log access json to "/a.log" rotate at 100MB keep 7')).to, {
    kind: 'file',
    path: '/a.log',
    rotation: { atBytes: 100_000_000, keep: 7 },
  });
  const logs = await logsOf(
    'log access json to "/a.log" rotate at 1MiB\nlog access combined to "/a.log" rotate at 1MiB keep 5',
  );
  assert.deepEqual(logs![0]!.to, logs![1]!.to);
  const text = `settings { log access json to "/a.log" rotate at 1MiB }
listener web on :80 { log access json to "/a.log"; otherwise deny 404 }`;
  assert.deepEqual(codesOf((await compileText(text)).diagnostics), ['SL0683 2:42']);
});

test('an unknown field is reported at its place in the text, with a suggestion', async () => {
  const text = inContext('settings', 'log access "{client.ip} {statsu}" to stdout');
  const { diagnostics } = await compileText(text);
  const at = text.split('\n').findIndex((line) => line.includes('{statsu}'));
  assert.deepEqual(codesOf(diagnostics), [`SL0681 ${at + 1}:${text.split('\n')[at]!.indexOf('{statsu}') + 1}`]);
  assert.match(diagnostics[0]!.fix ?? '', /Did you mean `\{status\}`\?/);
});

const MEANT: readonly (readonly [written: string, meant: string])[] = [
  ['client', 'client.ip'],
  ['user-agent', 'header.User-Agent'],
  ['upstream', 'server'],
  ['request.ids', 'request.id'],
  ['duration.conect', 'duration.connect'],
];
for (const [written, meant] of MEANT) {
  test(`{${written}} is answered with {${meant}}`, async () => {
    const { code, fix } = await problemOf(`log access "{${written}}" to stdout`, 'settings');
    assert.equal(code, 'SL0681');
    assert.ok(fix?.startsWith(`Did you mean \`{${meant}}\`?`), fix ?? '');
  });
}

test('several logs may be written, each of some requests', async () => {
  const logs = await logsOf(`log access json to "/a.log" sample 10%
log access combined to "/b.log" when status over 499 or duration over 1.5s
log access json with headers X-Team, x-team, X-Shard with response headers X-Cache to "/c.log"`);
  assert.deepEqual(
    logs!.map(({ sample, when, requestHeaders, responseHeaders }) => [
      sample,
      when?.kind,
      requestHeaders,
      responseHeaders,
    ]),
    [
      [0.1, undefined, undefined, undefined],
      [undefined, 'or', undefined, undefined],
      [undefined, undefined, ['x-team', 'x-shard'], ['x-cache']],
    ],
  );
  const { when } = logs![1]!;
  assert.ok(when?.kind === 'or');
  assert.deepEqual(
    when.of.map((each) => (each.kind === 'test' ? [each.field, each.operator, each.values] : null)),
    [
      ['status', 'over', [499]],
      ['duration', 'over', [1500]],
    ],
  );
});

test('conditions of logs can use the request, its response, and its end', async () => {
  const condition =
    'path under /api and header X-A present and response header X-B present and retries over 0 and sent to app and served by one and ended by server, client';
  assert.equal((await one(`log access json to stdout when ${condition}`)).when?.kind, 'and');
});

test('header means the request’s in the condition of a log', async () => {
  const { when } = await one('log access json to stdout when header X-A is b');
  assert.ok(when?.kind === 'test');
  assert.equal(when.field, 'header');
});

test('a listener’s logs replace the gateway’s, and `off` disables them', async () => {
  const own = await listenerOf('log access combined to "/web.log"\nlog access json to stdout when status 500..599');
  assert.deepEqual(
    own.accessLogs?.map(({ format }) => format),
    ['combined', 'json'],
  );
  assert.deepEqual((await listenerOf('log access off')).accessLogs, []);
  assert.equal((await listenerOf('')).accessLogs, undefined);
});

const WRONG: readonly (readonly [line: string, code: string, context?: 'listener'])[] = [
  ['log access', 'SL0117'],
  ['log access json', 'SL0117'],
  ['log access xml to stdout', 'SL0614'],
  ['log access off', 'SL0614'],
  ['log access "" to stdout', 'SL0680'],
  ['log access "{client.ip" to stdout', 'SL0613'],
  ['log access json to "/a.log" to stdout', 'SL0118'],
  ['log access json to syslog', 'SL0117'],
  ['log access json to syslog 10.0.0.5', 'SL0609'],
  ['log access json to syslog 10.0.0.5:514-520', 'SL0609'],
  ['log access json to syslog unix:/run/log.sock over tcp', 'SL0118'],
  ['log access json to syslog 10.0.0.5:514 over sctp', 'SL0614'],
  ['log access json to syslog 10.0.0.5:514 facility local9', 'SL0614'],
  ['log access json to stdout facility local1', 'SL0118'],
  ['log access json to stdout sample 0%', 'SL0616'],
  ['log access json to "/a.log" rotate at 1KiB', 'SL0616'],
  ['log access json to "/a.log" rotate at 1MiB keep 0', 'SL0616'],
  ['log access json to "/a.log" keep 3', 'SL0118'],
  ['log access json to stdout rotate at 1MiB', 'SL0118'],
  ['log access json to stdout sample 101%', 'SL0616'],
  ['log access combined with headers X-Team to stdout', 'SL0118'],
  ['log access json with headers "X Team" to stdout', 'SL0611'],
  ['log access json to stdout when duration over 5', 'SL0606'],
  ['log access json to stdout when duration over 5x', 'SL0607'],
  ['log access json to stdout when statsu over 5', 'SL0202'],
  ['log access json to stdout when ended by nobody', 'SL0221'],
  ['log access json to stdout { x }', 'SL0119'],
  ['log access off to stdout', 'SL0118', 'listener'],
  ['log access off; log access json to stdout', 'SL0682', 'listener'],
  ['log access json to stdout; log access off', 'SL0682', 'listener'],
  ['deny duration over 1s', 'SL0407', 'listener'],
];
for (const [line, code, context = 'settings'] of WRONG) {
  test(`\`${line}\` is an error`, async () => {
    assert.equal((await problemOf(line, context)).code, code);
  });
}
