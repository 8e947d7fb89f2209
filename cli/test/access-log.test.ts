import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { folderOf, get, RunningCommand, sluice } from './sluice.ts';

async function backendPort(t: TestContext): Promise<number> {
  const server = createServer((_, answer) => answer.end('hello'));
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

function rulesOf(port: number): string {
  return `listener web on 127.0.0.1:0 {
  deny path under /admin
  redirect 301 to "/new" when path is /old
  otherwise send to app
}
backend app { server one 127.0.0.1:${port} }
settings { log access json to "access.log" }
`;
}

async function linesOf(file: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(file, 'utf8');
  assert.ok(text === '' || text.endsWith('\n'));
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

for (const threads of ['0', '2']) {
  test(`with ${threads} threads every request is logged, including those refused before the rules, and the log can be replayed`, async (t) => {
    const cwd = await folderOf(t, { 'gateway.sluice': rulesOf(await backendPort(t)) });
    const run = new RunningCommand(t, ['run', 'gateway.sluice', '--threads', threads], { cwd });
    const port = await run.port();
    assert.equal((await get(port, '/a%2Fb')).status, 400);
    assert.equal((await get(port, '/a/b?c=%221')).status, 200);
    assert.equal((await get(port, '/admin/x')).status, 403);
    assert.equal((await get(port, '/old')).status, 301);
    const socket = connect(port, '127.0.0.1', () => socket.end('rubbish\r\n\r\n'));
    await once(socket.resume(), 'close');
    run.child.kill('SIGTERM');
    assert.equal((await run.ended).code, 0);
    const lines = await linesOf(join(cwd, 'access.log'));
    const shown = lines.map(({ method, path, query, status, rule, backend, server }) =>
      [method, path, query, status, rule, backend, server].map(String).join(' '),
    );
    assert.deepEqual(shown.sort(), [
      '   400 null null null',
      'GET   400 null null null',
      'GET /a/b c=%221 200 gateway.sluice:4:3 app one',
      'GET /admin/x  403 gateway.sluice:2:3 null null',
      'GET /old  301 gateway.sluice:3:3 null null',
    ]);
    const sent = lines.find(({ status }) => status === 200)!;
    assert.deepEqual(
      [sent.listener, sent.client, sent.scheme, sent.host, sent.port, sent.retries],
      ['web', '127.0.0.1', 'http', '127.0.0.1', port, 0],
    );
    assert.match(String(sent.ts), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.match(String(sent.id), /^[0-9a-f]{32}$/);
    assert.deepEqual(Object.keys(sent.timings as object), ['responseMs', 'connectMs', 'totalMs']);
    const replayed = await sluice(['replay', 'gateway.sluice', 'access.log'], { cwd });
    assert.equal(replayed.stdout, '5 lines, 3 as before, 0 changed, 2 refused before any rule\n');
    assert.equal(replayed.code, 0);
  });
}

test('a log that was moved is reopened by a reload', async (t) => {
  const cwd = await folderOf(t, { 'gateway.sluice': rulesOf(await backendPort(t)) });
  const run = new RunningCommand(t, ['run', 'gateway.sluice', '--threads', '1'], { cwd });
  const port = await run.port();
  await get(port, '/first');
  await rename(join(cwd, 'access.log'), join(cwd, 'access.log.1'));
  run.child.kill('SIGHUP');
  await run.logged(/^generation 2|reloaded/);
  await get(port, '/second');
  run.child.kill('SIGTERM');
  await run.ended;
  const paths = async (name: string) => (await linesOf(join(cwd, name))).map(({ path }) => path);
  const [before, after] = [await paths('access.log.1'), await paths('access.log')];
  assert.deepEqual([...before, ...after], ['/first', '/second']);
  assert.deepEqual(after.at(-1), '/second');
});

test('a log file that fails while the gateway runs is reported, and requests are still served', async (t) => {
  const rules = rulesOf(await backendPort(t)).replace('"access.log"', '"/dev/full"');
  const cwd = await folderOf(t, { 'gateway.sluice': rules });
  const run = new RunningCommand(t, ['run', 'gateway.sluice', '--threads', '1'], { cwd });
  const port = await run.port();
  assert.equal((await get(port, '/')).status, 200);
  await run.logged(/^the access log \/dev\/full cannot be written/);
  assert.equal((await get(port, '/')).status, 200);
  run.child.kill('SIGTERM');
  assert.equal((await run.ended).code, 0);
});

test('a reload with an access log that cannot be opened is refused, and the old log stays in use', async (t) => {
  const rules = rulesOf(await backendPort(t));
  const cwd = await folderOf(t, { 'gateway.sluice': rules });
  const run = new RunningCommand(t, ['run', 'gateway.sluice', '--threads', '1'], { cwd });
  const port = await run.port();
  await writeFile(join(cwd, 'gateway.sluice'), rules.replace('"access.log"', '"none/access.log"'));
  run.child.kill('SIGHUP');
  await run.logged(/^reload failed, .*none\/access\.log cannot be written: there is no folder/);
  assert.equal((await get(port, '/kept')).status, 200);
  run.child.kill('SIGTERM');
  assert.equal((await run.ended).code, 0);
  assert.match(await readFile(join(cwd, 'access.log'), 'utf8'), /"path":"\/kept"/);
});
