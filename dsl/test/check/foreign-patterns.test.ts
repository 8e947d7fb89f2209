import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileText } from '../compile-text.ts';

async function found(lines: string, { backend = '', before = '' } = {}): Promise<string[]> {
  const { diagnostics } = await compileText(`${before}
listener edge on :443 {
  ${lines}
  otherwise send to app
}
backend app of a:80 {
  ${backend}
}`);
  return diagnostics.map(({ code, fix }) => `${code} ${fix ?? ''}`.trim());
}

for (const [line, ...expected] of [
  ['deny path under /admin/*', 'SL0250 Write `path under /admin`'],
  ['deny path is /admin/**', 'SL0250 Write `path under /admin`'],
  ['deny path starts /admin*', 'SL0250 Write `path starts /admin`'],
  ['deny path is /a/*/b', 'SL0250 Write `path like /a/*/b`'],
  ['deny path starts /v1/:id', 'SL0250 Write `path matches r"^/v1/[^/]+$"`'],
  ['deny path is /v1.0/:id/edit', 'SL0250 Write `path matches r"^/v1\\.0/[^/]+/edit$"`'],
  ['deny path is "/users/{id}"', 'SL0250 Write `path matches r"^/users/[^/]+$"`'],
  ['deny path is "^/x"', 'SL0604 Write `path matches r"^/x"`'],
  ['deny path ends .php$', 'SL0250 Write `path matches r".php$"`'],
  ['deny path is `/x`', 'SL0604 Write `"/x"`: text goes in double quotes'],
  ['deny header X-Team is *blue*', 'SL0250 Write `header NAME like *blue*`'],
  ['deny header X-Team contains *blue*', 'SL0250 Write `header NAME contains blue`, or `header NAME like *blue*`'],
  ['deny header X-Team is ^blue', 'SL0250 Write `header NAME matches r"^blue"`'],
  ['deny header X-Team is "(red|blue)"', 'SL0250 Write `header NAME matches r"(red|blue)"`'],
  ['deny header X-Team is `blue`', 'SL0250 Write `"blue"` in quotes, or no quotes at all'],
  ['deny host ends *.example.com', 'SL0250 Write `host ends .example.com`, or `host like *.example.com`'],
  ['set header X-Site to "$host"', 'SL0670 Write `{host}`'],
  [
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what is looked for
    'set header X-Site to "https://${http_host}$request_uri"',
    'SL0612',
    'SL0670 Write `{host}`',
    'SL0670 Write `{path}{query}`',
  ],
  ['set header X-Ip to "%[src]"', 'SL0670 Write `{client.ip}`'],
  ['set header X-Agent to "%[req.hdr(User-Agent)]"', 'SL0670 Write `{header.User-Agent}`'],
  ['set header X-Agent to "$http_user_agent"', 'SL0670 Write `{header.user-agent}`'],
  ['set header X-Sid to "$cookie_sid"', 'SL0670 Write `{cookie.sid}`'],
  [
    'set header X-Group to "a-$1"',
    'SL0670 Groups are known in `rewrite r"…" to "…"` alone; elsewhere write a placeholder such as `{path}`',
  ],
] as const) {
  test(`a pattern of another proxy is reported: ${line}`, async () => {
    const reports = await found(line);
    assert.equal(reports.length, expected.length, reports.join('\n'));
    for (const report of expected)
      assert.ok(
        reports.some((each) => each.startsWith(report)),
        reports.join('\n'),
      );
  });
}

for (const line of [
  'deny path under /admin',
  'deny path like /a/*',
  'deny path matches r"^/v1/[^/]+$"',
  'deny path is /a:b/c',
  'deny header Accept is */*',
  'deny header Accept contains text/*',
  'deny header If-None-Match is *',
  'deny header X-Team contains "a.b (c)"',
  'deny header X-Team is "$5"',
  'deny header User-Agent contains "Mozilla/5.0 (X11; Linux)"',
  'set header X-Price to "5$"',
  'set header X-Price to "$5.00, 10%"',
  'set header X-Own to "$unknown and {{x}}"',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what is looked for
  'set header X-Json to "${{a}}"',
]) {
  test(`plain text is not reported as a pattern: ${line}`, async () => assert.deepEqual(await found(line), []));
}

test('an environment variable or secret is refused with a reason where none is allowed', async () => {
  for (const line of [
    'deny header X-Key is env "KEY"',
    'deny path under env "PATH"',
    'deny ip env "NET"',
    'timeout header env "TIME"',
    'connections at most env "MOST"',
    'send to env "BACKEND" when all',
  ]) {
    assert.match((await found(line)).join('\n'), /^SL0671 It can replace a whole text/, line);
  }
  for (const backend of ['server one env "ADDRESS"', 'server one secret "address"', 'retry env "TIMES"'])
    assert.match((await found('', { backend })).join('\n'), /^SL0671 /, backend);
});

test('a written retry keeps the defaults that it does not name', async () => {
  const retry = async (line: string) => {
    const { plan } = await compileText(`listener a on :80 { otherwise send to app }\nbackend app of a:80 { ${line} }`);
    return plan?.backends[0]?.retry;
  };
  const usual = { times: 2, on: ['connect-failure'], isAnotherServer: true, share: 0.2, perSecond: 10 };
  assert.deepEqual(await retry(''), usual);
  assert.deepEqual(await retry('retry 2'), usual);
  assert.deepEqual(await retry('retry 2 on connect-failure, 503'), { ...usual, on: ['connect-failure', 503] });
  assert.deepEqual(await retry('retry 2 using another server'), usual);
  assert.deepEqual(await retry('retry 2 using any server'), { ...usual, isAnotherServer: false });
});

test('causes of a retry that omit the default are warned about', async () => {
  assert.match((await found('', { backend: 'retry 2 on 503' })).join(), /^SL0672 /);
  for (const backend of ['retry 2 on 503, connect-failure', 'retry 2', 'retry 0 on 503'])
    assert.deepEqual(await found('', { backend }), [], backend);
});

test('a suggestion is never the word that was written', async () => {
  for (const line of [
    'send to app to app when all',
    'limit 5/s per ip per ip',
    'deny path is /a path is /b',
    'client client ip',
  ]) {
    const { diagnostics } = await compileText(
      `listener a on :80 { ${line}; otherwise send to app }\nbackend app of a:80`,
    );
    for (const { fix, place } of diagnostics) {
      const written = line.slice(place.column - 22, place.column - 22 + place.length);
      if (written !== '') assert.ok(!(fix ?? '').includes(`Did you mean \`${written}\`?`), `${line}: ${fix}`);
    }
  }
});
