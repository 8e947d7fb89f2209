import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import type { PluginRequest } from '../../src/check/index.ts';
import { compile, createVocabulary, formatDiagnostic, VocabularyError } from '../../src/index.ts';
import { DEFAULT_PATHS } from '../../src/plan/path-policy.ts';
import { codesOf, compileText, inContext, listenerOf, planOf, problemOf } from '../compile-text.ts';
import { REALISTIC } from '../realistic.ts';
import { WORDS } from '../words.ts';

test('a realistic file becomes a plan that can be cloned and printed', async () => {
  const plan = await planOf(REALISTIC);
  assert.deepEqual(structuredClone(plan), plan);
  assert.deepEqual(JSON.parse(JSON.stringify(plan)), plan);
  assert.deepEqual(
    plan.listeners.map(({ name, address, protocol, guards, changes, routes }) => [
      name,
      address,
      protocol,
      guards.length,
      changes.length,
      routes.length,
    ]),
    [
      ['plain', { host: '::', port: 80 }, 'http', 0, 0, 1],
      ['edge', { host: '127.0.0.1', port: 8443 }, 'http', 6, 2, 3],
      ['db', { host: '::', port: 5432 }, 'tcp', 1, 0, 1],
    ],
  );
  assert.deepEqual(plan.settings, { threads: 4, drainMs: 30_000, secretsDir: null });
  assert.equal(plan.plugins[0]!.url, 'file:///geo.js');
  assert.deepEqual(plan.plugins[0]!.options, { database: 'geo.mmdb', refresh: 60_000 });
});

test('tests gate reloads only if the settings require it', async () => {
  const plan = await planOf(`${REALISTIC.replace(/^settings .*$/m, '')}\nsettings { test before reload }`);
  assert.equal(plan.settings.testsBeforeReload, true);
  const other = await planOf(REALISTIC);
  assert.equal(other.settings.testsBeforeReload, undefined);
  assert.equal(
    codesOf(
      (await compileText(`${REALISTIC.replace(/^settings .*$/m, '')}\nsettings { test before reload always }`))
        .diagnostics,
    ).length,
    1,
  );
});

test('the settings of a listener are in milliseconds and bytes', async () => {
  const { timeouts, limits, clientIp, paths } = await listenerOf(`timeout header 1.5s, idle 2m
timeout body 250ms client 1h
body at most 10MiB
head at most 4KiB
target at most 1KiB
headers at most 50
connections at most 1000
connections at most 10 per ip
new connections at most 20/s per ip
client ip from header X-Forwarded-For trust 10.0.0.0/8, ::1
allow encoded slashes`);
  assert.deepEqual(timeouts, { headerMs: 1500, idleMs: 120_000, bodyMs: 250, clientMs: 3_600_000 });
  assert.deepEqual(limits, {
    bodyBytes: 10_485_760,
    headBytes: 4096,
    targetBytes: 1024,
    headerCount: 50,
    connections: 1000,
    connectionsPerIp: 10,
    newConnections: null,
    newConnectionsPerIp: [20, 1000],
  });
  assert.deepEqual(clientIp, { header: 'x-forwarded-for', trust: ['10.0.0.0/8', '::1'], trustLists: [] });
  assert.deepEqual(paths, { ...DEFAULT_PATHS, encodedSlashes: 'keep' });
});

test('a listener without settings has the defaults', async () => {
  const { timeouts, limits, clientIp, tls, paths, responseChanges } = await listenerOf('');
  assert.deepEqual(timeouts, { headerMs: 10_000, idleMs: 60_000, bodyMs: 30_000, clientMs: 30_000 });
  assert.deepEqual(limits, {
    bodyBytes: 0,
    headBytes: 16_384,
    targetBytes: 8192,
    headerCount: 100,
    connections: 0,
    connectionsPerIp: 0,
    newConnections: null,
    newConnectionsPerIp: null,
  });
  assert.deepEqual([clientIp, tls, paths, responseChanges], [null, null, undefined, []]);
});

for (const [address, wanted] of [
  [':0', { host: '::', port: 0 }],
  ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
  ['[::]:80', { host: '::', port: 80, isV6Only: true }],
  ['[2001:DB8::1]:80', { host: '2001:db8::1', port: 80 }],
  ['unix:/run/web.sock', { path: '/run/web.sock' }],
] as const) {
  test(`a listener on ${address}`, async () => {
    const plan = await planOf(`listener web on ${address} { otherwise deny }`);
    assert.deepEqual(plan.listeners[0]!.address, wanted);
  });
}

for (const [address, fix] of [
  ['8080', 'Write `:8080`'],
  ['localhost:80', 'Write `127.0.0.1:80`'],
  ['*:80', 'Write `:80` for every address'],
  ['::1:80', 'Write `[::1]:80`'],
  ['127.0.0.1', 'Write `127.0.0.1:80`'],
  [':65536', null],
  ['unix:run.sock', 'Write `unix:/run/app.sock`'],
  ['256.0.0.1:80', 'Write an IP address or a host name, and a port'],
] as const) {
  test(`a listener on ${address} is an error at the address`, async () => {
    const { diagnostics } = await compileText(`listener web on ${address} { otherwise deny }`);
    assert.deepEqual(codesOf(diagnostics), ['SL0609 1:17']);
    assert.equal(diagnostics[0]!.fix, fix);
  });
}

test('arguments and templates of rules are values', async () => {
  const { guards, changes, routes } = await listenerOf(`deny 404 when port 80
redirect to "{{x}} {header.X-Team}{cookie.Sid}" when all
set header X-A to plain`);
  assert.deepEqual(guards[0]!.args, { status: 404 });
  assert.deepEqual(guards[1]!.args, {
    status: 302,
    location: { template: ['{x} ', { placeholder: 'header', key: 'x-team' }, { placeholder: 'cookie', key: 'Sid' }] },
  });
  assert.deepEqual(changes[0]!.args, { header: 'X-A', value: { template: ['plain'] } });
  assert.deepEqual([routes[0]!.when, routes[0]!.part, routes[0]!.text], [null, 'route', 'otherwise send to app']);
});

test('a placeholder that does not exist is marked inside its string, and the known ones are listed', async () => {
  const { place, fix } = await problemOf('set header X-A to "a {hots} b"');
  assert.deepEqual([place.column, place.length], [24, 6]);
  assert.match(fix!, /^Did you mean `\{host\}`\? Here: \{host\} \{path\} \{query\}/);
});

for (const [lines, column, fix] of [
  ['send to app when path is /a\nset header X-A to b', 3, /^Move it above line 2/],
  ['set header X-A to b\nbody at most 1MiB', 3, /^Move it above line 2/],
] as const) {
  test(`a line in the wrong part is reported with where it belongs: ${lines.replace('\n', '; ')}`, async () => {
    const problem = await problemOf(lines);
    assert.deepEqual([problem.code, problem.place.line, problem.place.column], ['SL0401', 3, column]);
    assert.match(problem.fix!, fix);
  });
}

test('a retry has a budget: a share of the requests, and a rate that it never falls below', async () => {
  const budgetOf = async (line: string) => {
    const { backends } = await planOf(
      `listener web on :80 { otherwise send to app }\nbackend app of 127.0.0.1:9001 {\n  ${line}\n}\n`,
    );
    const { times, on, isAnotherServer, share, perSecond } = backends[0]!.retry;
    return [times, on, isAnotherServer, share, perSecond];
  };
  assert.deepEqual(await budgetOf(''), [2, ['connect-failure'], true, 0.2, 10]);
  assert.deepEqual(await budgetOf('retry 4'), [4, ['connect-failure'], true, 0.2, 10]);
  assert.deepEqual(await budgetOf('retry 1 on connect-failure, 503 using any server at most 0% at least 30/m'), [
    1,
    ['connect-failure', 503],
    false,
    0,
    0.5,
  ]);
  assert.deepEqual(await budgetOf('retry 1 at least 5/s using another server at most 50%'), [
    1,
    ['connect-failure'],
    true,
    0.5,
    5,
  ]);
});

test('a backend keeps open requests on a server that goes down, unless `close` is set', async () => {
  const onDown = async (line: string) => {
    const { backends } = await planOf(
      `listener web on :80 { otherwise send to app }\nbackend app of 127.0.0.1:9001 { ${line} }\n`,
    );
    return backends[0]!.onDown;
  };
  assert.deepEqual(await Promise.all(['', 'on down keep', 'on down close'].map(onDown)), ['keep', 'keep', 'close']);
});

test('a backend sets servers, strategy, check, retry and timeouts', async () => {
  const { backends } = await planOf(REALISTIC);
  const [app, api] = backends;
  assert.deepEqual(
    app!.servers.map(({ name, weight, max, isBackup }) => [name, weight, max, isBackup]),
    [
      ['web1', 3, 0, false],
      ['web2', 1, 200, false],
      ['spare', 1, 0, true],
    ],
  );
  assert.equal(app!.balance.name, 'least-connections');
  assert.deepEqual(app!.stick!.options, { cookie: 'sid', ttl: 28_800_000, size: 65_536 });
  assert.deepEqual(app!.check!.probe.options, { method: 'GET', uri: '/healthz', expect: [200] });
  assert.deepEqual([app!.check!.intervalMs, app!.check!.jitter, app!.check!.port], [2000, 0.1, 0]);
  assert.deepEqual(app!.retry, {
    times: 3,
    on: ['connect-failure', 503],
    isAnotherServer: true,
    share: 0.2,
    perSecond: 10,
  });
  assert.deepEqual(
    api!.servers.map(({ name, address }) => [name, address]),
    [
      ['api-1.internal:8443', { host: 'api-1.internal', port: 8443 }],
      ['[2001:db8::1]:8443', { host: '2001:db8::1', port: 8443 }],
      ['unix:/run/api.sock', { path: '/run/api.sock' }],
    ],
  );
  assert.deepEqual(
    [api!.balance.name, api!.check!.probe.name, api!.check!.jitter, api!.check!.port],
    ['round-robin', 'tcp', 0.2, 9000],
  );
});

for (const [line, code, fix] of [
  ['check GTE', 'SL0117', null],
  ['check htpp GET /', 'SL0711', 'Did you mean `http`?'],
  ['stick on cookei sid', 'SL0711', 'Did you mean `on cookie`?'],
  ['retry 3 on connect-fail', 'SL0614', null],
  ['on down colse', 'SL0614', 'Did you mean `close`?'],
  ['on down', 'SL0117', null],
  ['on down keep close', 'SL0118', null],
  ['retry 3 at most 120%', 'SL0616', null],
  ['retry 3 at least 10', 'SL0606', null],
  ['retry 3 at most', 'SL0117', null],
  ['server a b:80 wieght 3', 'SL0118', 'Did you mean `weight`?'],
  ['timeout', 'SL0117', 'For example `timeout connect 5s, response 30s`'],
  ['check GET /a jitter 10', 'SL0606', 'Did you mean `10%`?'],
  ['check GET /a expect 299..200', 'SL0610', null],
] as const) {
  test(`a backend's line that is wrong: ${line}`, async () => {
    const problem = await problemOf(line, 'backend');
    assert.equal(problem.code, code);
    if (fix !== null) assert.equal(problem.fix, fix);
  });
}

test('a file is read from its path, and plugins are resolved from its folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-'));
  try {
    const file = join(folder, 'a.sluice');
    await writeFile(
      file,
      '\ufeffuse geo from "./geo.js" { deep true; n 5; list a, 2 }\nlistener web on :80 { otherwise deny }\n',
    );
    const asked: PluginRequest[] = [];
    const loadPlugin = async (use: PluginRequest): Promise<{ url: string; words: [] }> => {
      asked.push(use);
      return { url: 'file:///x.js', words: [] };
    };
    const name = relative(process.cwd(), file);
    const { plan, diagnostics, sources } = await compile({ file: name }, { words: WORDS, loadPlugin });
    assert.deepEqual(diagnostics, []);
    assert.deepEqual(plan!.files, [file]);
    assert.deepEqual([...sources.keys()], [name]);
    assert.deepEqual(asked, [
      { name: 'geo', from: './geo.js', baseDir: folder, options: { deep: true, n: 5, list: ['a', 2] } },
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a file that cannot be read is one diagnostic', async () => {
  const { plan, diagnostics, sources } = await compile({ file: '/nowhere/x.sluice' }, { words: WORDS });
  assert.equal(plan, null);
  assert.deepEqual(
    diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, sources)),
    ['SL0615 /nowhere/x.sluice:1:1   cannot read `/nowhere/x.sluice`: there is no such file'],
  );
});

test('options with strange names are just options', async () => {
  const plan = await planOf(
    'use geo from "./geo.js" { __proto__ 1; constructor 2 }\nlistener web on :80 { otherwise deny }',
  );
  assert.deepEqual(Object.keys(plan.plugins[0]!.options), ['__proto__', 'constructor']);
});

test('names such as __proto__ and constructor are just names', async () => {
  const plan = await planOf(
    'define constructor = header __proto__ is toString\nlistener __proto__ on :80 { deny constructor; otherwise send to __proto__ }\nbackend __proto__ of a:80',
  );
  assert.equal(plan.backends[0]!.name, '__proto__');
  for (const word of ['toString', '__proto__', 'constructor']) {
    assert.equal((await problemOf(`${word} all`)).code, 'SL0101');
    assert.equal((await problemOf(`deny ${word}`)).code, 'SL0202');
  }
});

test('a vocabulary refuses two words of one name, and words that the language keeps', () => {
  const [word] = WORDS;
  assert.throws(
    () =>
      createVocabulary([
        { ...word!, plugin: 'a' },
        { ...word!, plugin: 'b' },
      ]),
    (error) => {
      assert.ok(error instanceof VocabularyError);
      assert.equal(error.message, 'plugin `b` declares the field `ip`, which plugin `a` has');
      return true;
    },
  );
  assert.throws(() => createVocabulary([{ ...word!, name: 'when' }]), VocabularyError);
});

test('what warns does not keep a file from its plan', async () => {
  const { plan, diagnostics } = await compileText(inContext('top', 'define unused = all'));
  assert.deepEqual(codesOf(diagnostics), ['SL0503 1:8']);
  assert.ok(plan !== null);
});

test('five thousand rules are all there, and in order', async () => {
  const lines = Array.from({ length: 5000 }, (_, index) => `deny host h${index}.example.com and path under /p${index}`);
  const { guards } = await listenerOf(lines.join('\n'));
  assert.equal(guards.length, 5000);
  assert.equal(guards[4999]!.text, lines[4999]);
  assert.equal(guards[4999]!.place.line, 5001);
});

test('a backend with `serve` has a service instead of servers, and a site has its server', async () => {
  const plan = await planOf(`listener web on :80 { send to files when path is /f; otherwise send to site }
backend files { serve files "/srv/sorry" status 503 }
backend site { serve site "http://Bucket.example.net:8080/" }`);
  const [files, site] = plan.backends;
  assert.deepEqual(
    [files!.serve!.name, files!.serve!.options, files!.servers],
    ['files', { folder: '/srv/sorry', status: 503, index: 'index.html' }, []],
  );
  assert.deepEqual([site!.serve, site!.siteHost], [null, 'bucket.example.net:8080']);
  assert.deepEqual(site!.servers[0]!.address, { host: 'bucket.example.net', port: 8080 });
});

test('a cookie that two backends of a listener set is warned of, where a client could not keep them apart', async () => {
  const warned = async (
    app: string,
    api: string,
    listener = 'send to api when path under /api; otherwise send to app',
  ) => {
    const { diagnostics } = await compileText(
      `listener web on :80 { ${listener} }\nlistener two on :81 { otherwise send to api }\nbackend app of a:80, b:80 { ${app} }\nbackend api of c:80, d:80 { ${api} }\n`,
    );
    return diagnostics.filter(({ code }) => code === 'SL0725').map(({ message }) => message);
  };
  const said = ['backend `api` sets the cookie `srv`, and so does `app`, on listener `web`'];
  assert.deepEqual(await warned('stick with cookie srv', 'stick with cookie srv'), said);
  assert.deepEqual(await warned('stick with cookie srv path /', 'stick with cookie srv'), said);
  const behind = 'otherwise send to app';
  const fallBack = 'stick with cookie srv; fall back to api';
  assert.deepEqual(await warned(fallBack, 'stick with cookie srv', behind), said, 'what is fallen back to');
  for (const [app, api, listener] of [
    ['stick with cookie srv', 'stick with cookie srv-api'],
    ['stick with cookie srv', 'stick with cookie srv path /api'],
    ['stick with cookie srv', 'stick on cookie srv'],
    ['stick with cookie srv', ''],
    ['stick with cookie srv', 'stick with cookie srv', 'otherwise send to app'],
  ] as const) {
    assert.deepEqual(await warned(app, api, listener), [], `${app} | ${api} | ${listener}`);
  }
});

test('a comma after statuses does not swallow the next argument, and a misspelled one is reported', async () => {
  const lines = (line: string) =>
    `listener web on :80 { otherwise send to app }\nbackend app of a:80, b:80 { ${line} }`;
  const { backends } = await planOf(
    lines('retry 3 on connect-failure, 503, using another server; eject on 500, 502, after 3 failures'),
  );
  assert.deepEqual(
    [backends[0]!.retry.on, backends[0]!.eject!.statuses],
    [
      ['connect-failure', 503],
      [500, 502],
    ],
  );
  const { diagnostics } = await compileText(lines('eject on 500, aftre 3 failures'));
  assert.deepEqual(
    diagnostics.map(({ code, fix }) => [code, fix]),
    [['SL0610', 'Did you mean `after`?']],
  );
});

test('`fall back to` has its own `when`, and defaults to below 1', async () => {
  const plan = await planOf(`listener web on :80 { otherwise send to one }
backend one of a:80, b:80 { fall back to two when healthy below 2 }
backend two of c:80 { fall back to three }
backend three of d:80`);
  assert.deepEqual(
    plan.backends.map(({ fallBack }) => fallBack && [fallBack.to, fallBack.below]),
    [['two', 2], ['three', 1], null],
  );
});

for (const [backend, code] of [
  ['of a:80 { fall back to app }', 'SL0722'],
  ['of a:80 { fall back to nobody }', 'SL0703'],
  ['of a:80 { fall back to sorry when healthy below 0 }', 'SL0616'],
  ['of a:80 { fall back to sorry when healthy below 1 and path is /x }', 'SL0118'],
  ['of a:80 { fall back to sorry when path is /x }', 'SL0118'],
  ['of a:80 { fall back to sorry when healthy below 2 }', 'SL0723'],
  ['of a:80 { fall back to sorry; fall back to sorry }', 'SL0122'],
  ['of a:80 { serve files "/srv" }', 'SL0720'],
  ['{ serve files "/srv"; serve site "http://a" }', 'SL0720'],
  ['{ serve files "/srv"; check tcp }', 'SL0721'],
  ['{ serve files "/srv"; fall back to sorry }', 'SL0721'],
  ['{ serve }', 'SL0117'],
  ['{ serve pages "/srv" }', 'SL0711'],
  ['{ serve files "/srv" status 200 }', 'SL0610'],
  ['{ serve site "ftp://a" }', 'SL0645'],
  ['{ serve site "http://a/b" }', 'SL0645'],
  ['{ serve site "http://a b" }', 'SL0645'],
  ['{ serve site "http://" }', 'SL0645'],
  ['{ serve site "http://user@a" }', 'SL0645'],
  ['{ serve site "http://a:0" }', 'SL0645'],
] as const) {
  test(`backend app ${backend} is ${code}`, async () => {
    const { diagnostics } = await compileText(
      `listener web on :80 { send to sorry when path is /s; otherwise send to app }\nbackend app ${backend}\nbackend sorry of b:80`,
    );
    assert.deepEqual(
      diagnostics.map((each) => each.code),
      [code],
    );
  });
}

for (const [rate, code] of [
  ['0/s', 'SL0616'],
  ['100', 'SL0606'],
  ['fast', 'SL0607'],
  ['', 'SL0117'],
] as const) {
  test(`new connections at most \`${rate}\` is ${code}`, async () => {
    const { diagnostics } = await compileText(
      `listener web on :80 { new connections at most ${rate}; otherwise deny }`,
    );
    assert.deepEqual(
      diagnostics.map((each) => each.code),
      [code],
    );
  });
}

test('settings limit the connections of all listeners', async () => {
  const { settings } = await planOf(
    'settings { connections at most 500 }\nlistener web on :80 { connections at most 100; otherwise deny }\n',
  );
  assert.equal(settings.connections, 500);
});

for (const [line, code] of [
  ['connections at most 0', 'SL0616'],
  ['connections at most', 'SL0117'],
  ['connections at most 5 per ip', 'SL0118'],
] as const) {
  test(`settings with \`${line}\` are ${code}`, async () => {
    const { diagnostics } = await compileText(`settings { ${line} }\nlistener web on :80 { otherwise deny }\n`);
    assert.equal(diagnostics[0]!.code, code);
  });
}
