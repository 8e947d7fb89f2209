/**
 * Addresses of listeners and servers: every form, what each means, and what is refused.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressesOf } from '../../src/plan/index.ts';
import { codesOf, compileText, planOf } from '../compile-text.ts';

async function listening(on: string, lines = 'otherwise deny'): Promise<readonly unknown[]> {
  return addressesOf((await planOf(`listener web on ${on} { ${lines} }`)).listeners[0]!);
}

async function serversOf(backend: string): Promise<readonly (readonly [string, unknown])[]> {
  const { backends } = await planOf(`listener web on :80 { otherwise send to app }\nbackend app ${backend}\n`);
  return backends[0]!.servers.map(({ name, address }) => [name, address]);
}

test('a port alone is every address, `[::]` every IPv6 address', async () => {
  assert.deepEqual(await listening(':80'), [{ host: '::', port: 80 }]);
  assert.deepEqual(await listening('[::]:80'), [{ host: '::', port: 80, isV6Only: true }]);
  assert.deepEqual(await listening('0.0.0.0:80, [::]:80'), [
    { host: '0.0.0.0', port: 80 },
    { host: '::', port: 80, isV6Only: true },
  ]);
});

test('a link-local address requires its interface', async () => {
  assert.deepEqual(await listening('[FE80::1%eth0.2]:80'), [{ host: 'fe80::1%eth0.2', port: 80 }]);
  assert.deepEqual(await serversOf('of [fe80::1%lo]:80'), [['[fe80::1%lo]:80', { host: 'fe80::1%lo', port: 80 }]]);
});

test('a Unix socket is a file, or with `@` a name', async () => {
  assert.deepEqual(await listening('unix:/run/web.sock'), [{ path: '/run/web.sock' }]);
  assert.deepEqual(await listening('unix:@web'), [{ path: '@web' }]);
  assert.deepEqual(await serversOf('of unix:@app'), [['unix:@app', { path: '@app' }]]);
});

test('a listener has several addresses, and a range of ports is an address each', async () => {
  const both = await listening('127.0.0.1:8000-8002, [::1]:443, unix:/run/web.sock tcp');
  assert.deepEqual(both, [
    { host: '127.0.0.1', port: 8000 },
    { host: '127.0.0.1', port: 8001 },
    { host: '127.0.0.1', port: 8002 },
    { host: '::1', port: 443 },
    { path: '/run/web.sock' },
  ]);
  assert.equal((await listening(':10000-10999')).length, 1000);
});

test('a range of ports is a server each, named by its port', async () => {
  assert.deepEqual(await serversOf('of app.internal:9001-9002'), [
    ['app.internal:9001', { host: 'app.internal', port: 9001 }],
    ['app.internal:9002', { host: 'app.internal', port: 9002 }],
  ]);
  assert.deepEqual(await serversOf('{ server web [::1]:9001-9002 weight 3 }'), [
    ['web-9001', { host: '::1', port: 9001 }],
    ['web-9002', { host: '::1', port: 9002 }],
  ]);
});

for (const [address, problem, fix] of [
  [':8010-8000', 'has no range of ports from 1 to 65535, the lower one first', null],
  [':0-5', 'has no range of ports from 1 to 65535, the lower one first', null],
  [':80-65536', 'has no range of ports from 1 to 65535, the lower one first', null],
  [':8000..8010', 'has no port', 'Write a range as `:8000-8010`'],
  [':1-2000', 'has 2000 ports: 1000 at most', null],
  ['web:80-90', 'is a name, and a listener needs an IP address', 'Write `:80` for every address'],
  ['[fe80::1]:80', 'is link-local, and does not say on which interface', 'Add the interface: `[fe80::1%eth0]:80`'],
  ['[fe80::1%]:80', 'has no interface after its `%`', null],
  ['[fe80::1%a/b]:80', 'has no interface after its `%`', null],
  ['[2001:db8::1%eth0]:80', 'names an interface, which only link-local addresses have', 'Write `[2001:db8::1]:80`'],
  ['unix:@', 'needs a name of visible ASCII characters', 'Write `unix:@app`'],
  ['unix:@käse', 'needs a name of visible ASCII characters', 'Write `unix:@app`'],
  ['unix:web', 'needs an absolute path', 'Write `unix:/run/app.sock`, or `unix:@app` for one that is no file'],
  [`unix:/${'x'.repeat(99)}`, 'is too long for a socket: 99 bytes at most', null],
  [`unix:@${'x'.repeat(107)}`, 'is too long for a socket: 107 bytes at most', null],
] as const) {
  test(`a listener on ${address.slice(0, 30)} is an error at the address`, async () => {
    const { diagnostics } = await compileText(`listener web on 127.0.0.1:1, ${address} { otherwise deny }`);
    assert.deepEqual(codesOf(diagnostics), ['SL0609 1:30']);
    assert.ok(diagnostics[0]!.message.endsWith(`\` ${problem}`), diagnostics[0]!.message);
    assert.equal(diagnostics[0]!.fix, fix);
  });
}

test('where one address is due, a range of ports is an error', async () => {
  const { diagnostics } = await compileText(
    'settings { admin on 127.0.0.1:9900-9901 }\nlistener web on :80 { otherwise deny }',
  );
  assert.match(diagnostics[0]!.message, /is a range of ports, where one is due/);
});

for (const [one, two, code] of [
  [':80', ':80', 'SL0710'],
  ['127.0.0.1:80-90', '127.0.0.1:85', 'SL0710'],
  ['unix:@a', 'unix:@a', 'SL0710'],
  [':80', '127.0.0.1:80', 'SL0760'],
  ['[::1]:80', ':80', 'SL0760'],
  [':80', '[::]:80', 'SL0760'],
  ['0.0.0.0:80', '127.0.0.1:80', 'SL0760'],
  ['[::]:80', '[fe80::1%lo]:80', 'SL0760'],
  ['0.0.0.0:80', '[::]:80', null],
  ['0.0.0.0:80', '[::1]:80', null],
  ['127.0.0.1:80', '127.0.0.2:80', null],
  [':0', ':0', null],
] as const) {
  test(`listeners on ${one} and ${two}: ${code ?? 'both'}`, async () => {
    const { diagnostics } = await compileText(
      `listener one on ${one} { otherwise deny }\nlistener two on ${two} { otherwise deny }\n`,
    );
    assert.deepEqual(codesOf(diagnostics), code === null ? [] : [`${code} 2:17`]);
  });
}

test('one listener cannot have an address twice', async () => {
  const { diagnostics } = await compileText('listener web on :80, 127.0.0.1:80 { otherwise deny }');
  assert.deepEqual(codesOf(diagnostics), ['SL0760 1:22']);
});

test('a listener sets its backlog and the mode of its socket file', async () => {
  const { listeners } = await planOf(
    'listener web on :80, unix:/run/web.sock { backlog 100; socket mode 660; otherwise deny }',
  );
  assert.deepEqual([listeners[0]!.backlog, listeners[0]!.socketMode], [100, 0o660]);
});

for (const [lines, code] of [
  ['backlog 0', 'SL0616'],
  ['backlog', 'SL0117'],
  ['backlog 1k', 'SL0605'],
  ['socket mode 680', 'SL0660'],
  ['socket mode 7777', 'SL0616'],
  ['socket mode', 'SL0117'],
] as const) {
  test(`a listener's line that is wrong: ${lines}`, async () => {
    const { diagnostics } = await compileText(`listener web on unix:/run/web.sock {\n${lines}\notherwise deny }`);
    assert.equal(codesOf(diagnostics)[0]!.slice(0, 6), code);
  });
}

test('only socket files have permissions', async () => {
  const { diagnostics } = await compileText('listener web on :80, unix:@web { socket mode 660; otherwise deny }');
  assert.deepEqual(codesOf(diagnostics), ['SL0661 1:34']);
});

test('settings set the DNS servers and the bounds of the TTL', async () => {
  const namesOf = async (line: string): Promise<unknown> =>
    (await planOf(`settings { ${line} }\nlistener web on :80 { otherwise deny }`)).settings.names;
  assert.equal(await namesOf('threads 1'), undefined);
  assert.deepEqual(await namesOf('look up names by 10.0.0.53, [::1]:5353, 2001:db8::53'), {
    servers: ['10.0.0.53', '[::1]:5353', '2001:db8::53'],
    leastMs: 1000,
    mostMs: 60_000,
  });
  assert.deepEqual(await namesOf('look up names ttl at least 5s ttl at most 10s'), {
    servers: [],
    leastMs: 5000,
    mostMs: 10_000,
  });
});

for (const [line, code] of [
  ['look up names', 'SL0117'],
  ['look up names by', 'SL0117'],
  ['look up names by dns.internal:53', 'SL0662'],
  ['look up names by 10.0.0.53:0', 'SL0662'],
  ['look up names by unix:/run/dns', 'SL0662'],
  ['look up names ttl at least 90s', 'SL0663'],
  ['look up names ttl at most 5', 'SL0606'],
] as const) {
  test(`settings about names that are wrong: ${line}`, async () => {
    const { diagnostics } = await compileText(`settings {\n${line}\n}\nlistener web on :80 { otherwise deny }`);
    assert.equal(codesOf(diagnostics)[0]!.slice(0, 6), code);
  });
}
