import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import { createServer as createPlainServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createGateway, type Gateway } from '../src/index.ts';
import { sluice, start } from './sluice.ts';

const TOKEN = 'correct-horse-battery-staple';
let folder: string;
let gateway: Gateway;
let origin: Server;
let admin: string;
let release = (): void => {};

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-ctl-'));
  await writeFile(join(folder, 'token'), `${TOKEN}\n`);
  await writeFile(join(folder, 'wrong'), 'not-the-token-at-all\n');
  origin = createServer((asked, response) => {
    if (asked.url?.startsWith('/hold') === true) release = () => response.end('held');
    else response.end('ok');
  }).listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const { port } = origin.address() as { port: number };
  const file = join(folder, 'gateway.sluice');
  await writeFile(
    file,
    `list blocked = ips 203.0.113.1\nlistener web on 127.0.0.1:0 { limit 1/h per ip when path is /limited; send to known when header X-User present; otherwise send to app }\nbackend plain of 127.0.0.1:${port}\nbackend known { stick on header X-User; server one 127.0.0.1:${port} }\nbackend app { server one 127.0.0.1:${port}; server two 127.0.0.1:${port} backup }\n`,
  );
  admin = `unix:${join(folder, 'admin.sock')}`;
  gateway = await createGateway({
    rules: { file },
    threads: 0,
    logger: false,
    admin: { address: admin, token: TOKEN },
  });
  await gateway.start();
});

after(async () => {
  await gateway.stop({ deadline: 0 });
  origin.closeAllConnections();
  origin.close();
  await rm(folder, { recursive: true });
});

const ctl = (...args: string[]) =>
  sluice(['ctl', ...args], { env: { SLUICE_ADMIN: admin, SLUICE_ADMIN_TOKEN: TOKEN } });

test('status and servers are tables for people, and JSON for programs', async () => {
  const status = await ctl('status');
  assert.equal(status.code, 0, status.stderr);
  assert.match(status.stdout, /^running for .*, generation 1/);
  assert.match(status.stdout, /4 running/);
  const servers = await ctl('servers');
  assert.match(servers.stdout, /^SERVER +ADDRESS +STATE +ADMIN +WEIGHT/);
  assert.match(servers.stdout, /^app\/one +127\.0\.0\.1:\d+ +running +ready +1 +- +0/m);
  assert.match(servers.stdout, /^app\/two \(backup\)/m);
  const json = JSON.parse((await ctl('servers', 'app', '--json')).stdout);
  assert.deepEqual(
    json.servers.map(({ name }: { name: string }) => name),
    ['one', 'two'],
  );
});

test('members are listed with their source, and servers without a name by their address', async () => {
  const members = await ctl('members', 'app');
  assert.match(members.stdout, /^SERVER +ADDRESS +STATE +ADMIN +FROM\none +127\.0\.0\.1:\d+ +running +ready +rules$/m);
  const address = JSON.parse((await ctl('members', 'plain', '--json')).stdout).members[0].name;
  assert.match(address, /^127\.0\.0\.1:\d+$/);
  assert.match((await ctl('weight', `plain/${address}`, '3')).stdout, /: ready, running, weight 3/);
  const nobody = await ctl('members', 'nobody');
  assert.deepEqual([nobody.code, /no backend `nobody`/.test(nobody.stderr)], [1, true]);
});

test('sticky shows which server a client belongs to, or that it belongs to none', async () => {
  const said = await ctl('sticky', 'known', '--ip', '198.51.100.7', '-H', 'X-User: alice');
  assert.equal(said.code, 0, said.stderr);
  assert.match(said.stdout, /^the client does not stick to a server: .*\nnew: `balance round-robin` picks a server\n$/);
  const { port } = gateway.addresses().web as { port: number };
  await new Promise<void>((resolve) => {
    request({ host: '127.0.0.1', port, headers: { 'X-User': 'alice' } }, (answer) =>
      answer.resume().on('end', resolve),
    ).end();
  });
  const known = await ctl('sticky', 'known', '-H', 'X-User: alice');
  assert.match(
    known.stdout,
    /^the client sticks to one: .*\nstays: one is running\nsince .*, expires in .* without further requests\nentry [0-9a-f]{16} of the stick table\n$/,
  );
  assert.equal((await ctl('sticky', 'plain')).code, 1);
});

test('clients over a rate limit are listed, and go on once they are cleared', async () => {
  assert.equal((await ctl('limits')).stdout, 'nobody was over a rate limit\n');
  const { port } = gateway.addresses().web as { port: number };
  const ask = async (): Promise<number> => {
    const [answer] = await once(request({ host: '127.0.0.1', port, path: '/limited' }).end(), 'response');
    answer.resume();
    return answer.statusCode;
  };
  await ask();
  assert.equal(await ask(), 429);
  const listed = await ctl('limits');
  const [, id] =
    /^([0-9a-f]{16}) +web +127\.0\.0\.1 +for \d+m.* +1 +\d{4}-.* limit 1\/h per ip when path is \/limited$/m.exec(
      listed.stdout,
    ) ?? [];
  assert.ok(id !== undefined, listed.stdout);
  assert.equal((await ctl('limits-clear', id)).stdout, '1 cleared\n');
  assert.notEqual(await ask(), 429);
  assert.equal((await ctl('limits-clear', '--all')).stdout, '1 cleared\n');
  assert.equal((await ctl('limits-clear', '0123456789abcdef')).code, 1);
  for (const wrong of [[], [id, '--all']]) assert.equal((await ctl('limits-clear', ...wrong)).code, 2);
});

test('a stick table is listed, and forgets one client or all', async () => {
  const { port } = gateway.addresses().web as { port: number };
  const [answer] = await once(request({ host: '127.0.0.1', port, headers: { 'X-User': 'eve' } }).end(), 'response');
  answer.resume();
  const listed = await ctl('stick-table', 'known');
  const [, id] = /^([0-9a-f]{16}) +one +\d/m.exec(listed.stdout) ?? [];
  assert.ok(id !== undefined, listed.stdout);
  assert.match((await ctl('sticky', 'known', '-H', 'X-User: eve')).stdout, /entry [0-9a-f]{16} of the stick table/);
  assert.equal((await ctl('forget', 'known', id)).stdout, '1 cleared\n');
  assert.equal((await ctl('forget', 'known', id)).code, 1);
  assert.match((await ctl('forget', 'known', '--all')).stdout, /^\d+ cleared\n/);
  assert.equal((await ctl('stick-table', 'known')).stdout, 'no clients\n');
  for (const wrong of [[], [id, '--all'], ['--all', '--server', 'one']]) {
    assert.equal((await ctl('forget', 'known', ...wrong)).code, 2);
  }
  assert.equal((await ctl('stick-table', 'plain')).code, 1);
});

test('weight and max are set, and values out of range are usage errors', async () => {
  assert.match((await ctl('weight', 'app/one', '7')).stdout, /^app\/one: ready, running, weight 7, no max, 0 open$/m);
  assert.match((await ctl('max', 'app/one', '9')).stdout, /max 9/);
  for (const args of [
    ['weight', 'app/one', '257'],
    ['weight', 'app/one', '-1'],
    ['weight', 'app/one'],
    ['max', 'app/one', 'x'],
    ['drain', 'one'],
    ['drain', 'app/one', '--deadline', 'soon'],
    ['sessions', 'app/../one'],
    ['nonsense'],
    [],
  ]) {
    assert.equal((await ctl(...args)).code, 2, args.join(' '));
  }
  assert.equal(gateway.stats().backends.find(({ name }) => name === 'app')!.servers[0]!.weight, 7);
});

test('a drain waits for the last session, and reports the remaining sessions until then', async () => {
  const { host, port } = gateway.addresses().web as { host: string; port: number };
  const held = request({ host, port, path: '/hold?secret=1', agent: false });
  held.end();
  await once(origin, 'request');
  const drain = start(['ctl', 'drain', 'app/one', '--wait'], {
    env: { SLUICE_ADMIN: admin, SLUICE_ADMIN_TOKEN: TOKEN },
  });
  let said = '';
  drain.stdout.on('data', (piece) => {
    said += piece;
  });
  const [first] = await once(drain.stderr, 'data');
  assert.match(String(first), /app\/one: 1 open/);
  const sessions = await ctl('sessions', 'app/one');
  assert.match(sessions.stdout, /^1 open, 0 clients may return/);
  assert.match(sessions.stdout, /127\.0\.0\.1 +\S+.* web +request +GET \/hold +app\/one +no/);
  assert.doesNotMatch(sessions.stdout, /secret/);
  const ended = once(drain, 'close');
  release();
  const [code] = await ended;
  assert.equal(code, 0);
  assert.match(said, /the last session ended/);
  assert.match((await ctl('ready', 'app/one')).stdout, /ready/);
});

test('a drain that somebody takes back ends with 1', async () => {
  const { host, port } = gateway.addresses().web as { host: string; port: number };
  const held = request({ host, port, path: '/hold', agent: false });
  held.end();
  await once(origin, 'request');
  const drain = start(['ctl', 'drain', 'app/one', '--wait'], {
    env: { SLUICE_ADMIN: admin, SLUICE_ADMIN_TOKEN: TOKEN },
  });
  await once(drain.stderr, 'data');
  const ended = once(drain, 'close');
  gateway.server('app/one').ready();
  assert.equal((await ended)[0], 1);
  release();
});

test('maint with --wait and --close ends when nothing is open', async () => {
  const { code, stdout } = await ctl('maint', 'app/two', '--close', '--wait', '--json');
  assert.equal(code, 0);
  assert.equal(JSON.parse(stdout).draining.isDone, true);
  gateway.server('app/two').ready();
});

test('errors give their reason, and a session is ended by its ID', async () => {
  const { port } = gateway.addresses().web as { port: number };
  const ended = new Promise<number | undefined>((resolve, reject) => {
    request({ host: '127.0.0.1', port, path: '/hold' }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
  let id = '';
  while (id === '') {
    const { sessions } = JSON.parse((await ctl('sessions', '--json')).stdout);
    id = sessions[0]?.id ?? '';
  }
  assert.match((await ctl('sessions', '--client', '127.0.0.1')).stdout, new RegExp(`1 open[^]*${id} +127\\.0\\.0\\.1`));
  assert.equal((await ctl('kill', id)).stdout, '1 ended\n');
  assert.equal(await ended, 503);
  assert.match((await ctl('errors', '--most', '1')).stdout, /503 +127\.0\.0\.1 +web +GET \/hold +app\/one .*ended: /);
  const nobody = await ctl('kill', id);
  assert.deepEqual([nobody.code, /no open session/.test(nobody.stderr)], [1, true]);
  const all = await ctl('kill');
  assert.deepEqual([all.code, /say which sessions/.test(all.stderr)], [2, true]);
});

test('rules show how often they were hit, and which never were', async () => {
  const all = await ctl('rules', '--json');
  const rules = JSON.parse(all.stdout).rules as readonly { text: string; hits: number; kind: string }[];
  assert.ok(rules.length > 0 && rules.every(({ hits }) => Number.isInteger(hits)));
  const never = await ctl('rules', '--never-hit', '--json');
  assert.deepEqual(
    JSON.parse(never.stdout).rules,
    rules.filter(({ hits }) => hits === 0),
  );
  assert.match((await ctl('rules')).stdout, /LISTENER +PLACE +HITS +RULE/);
  assert.equal((await ctl('rules', '--listener', 'not a name')).code, 1);
});

test('reload and explain ask the running gateway', async () => {
  assert.equal((await ctl('reload')).stdout, 'rules reloaded, generation 2 is active\n');
  const { code, stdout } = await ctl('explain', 'GET http://www.example.com/ from 198.51.100.7');
  assert.equal(code, 0);
  assert.match(stdout, /→ backend app/);
  assert.match(stdout, /\nservers {3}balance round-robin, as they are now\n/);
  assert.match(stdout, /\nlive: health, admin states, .*; assumed: the server answers 200\n$/);
});

test('a server is added as a rule file has it, and removed again', async () => {
  const added = await ctl('add-server', 'app', '127.0.0.1:9', 'name', 'extra', 'weight', '2', 'backup');
  assert.equal(added.code, 0, added.stderr);
  assert.match(added.stdout, /^added app\/extra: ready, .*weight 2/);
  assert.match((await ctl('members', 'app')).stdout, /extra \(backup\) +127\.0\.0\.1:9 .*by hand/);
  assert.equal((await ctl('remove-server', 'app/extra')).stdout, 'removed app/extra\n');
  const written = await ctl('remove-server', 'app/one');
  assert.deepEqual([written.code, /written in the rules/.test(written.stderr)], [1, true]);
  for (const wrong of [['nonsense'], ['weight'], ['weight', 'x']]) {
    assert.equal((await ctl('add-server', 'app', '127.0.0.1:9', ...wrong)).code, 2);
  }
});

test('entries are added to a list, shown, and removed', async () => {
  assert.match(
    (await ctl('list-add', 'blocked', '192.0.2.7', '192.0.2.8')).stdout,
    /^blocked: 2 added, 0 removed, 3 entries/,
  );
  assert.equal((await ctl('lists', 'blocked', '--contains', '192.')).stdout, '192.0.2.7\n192.0.2.8\n');
  assert.match((await ctl('lists')).stdout, /blocked +ips +3 +- +-\n/);
  assert.match((await ctl('list-remove', 'blocked', '192.0.2.7')).stdout, /0 added, 1 removed, 2 entries/);
  const again = await ctl('list-remove', 'blocked', '192.0.2.7');
  assert.deepEqual([again.code, /is not in it/.test(again.stderr)], [1, true]);
  assert.equal((await ctl('list-add', 'blocked')).code, 2);
});

test('explain predicts a 503 of the running gateway, with the reason', async () => {
  const { servers } = gateway.stats().backends.find(({ name }) => name === 'app')!;
  for (const { name } of servers) gateway.server(`app/${name}`).maint();
  try {
    const { code, stdout } = await ctl('explain', 'GET', 'http://www.example.com/', 'from', '198.51.100.7');
    assert.equal(code, 0);
    assert.match(stdout, /→ answer 503 {3}by .*\n {4}no server of backend app takes new requests\n/);
    assert.match(stdout, /✗ two .* in maintenance/);
    assert.doesNotMatch(stdout, /assumed/);
  } finally {
    for (const { name } of servers) gateway.server(`app/${name}`).ready();
  }
});

test('what the gateway refuses ends with 1, and its reason on stderr', async () => {
  const { code, stderr, stdout } = await ctl('ready', 'app/three', '--json');
  assert.equal(code, 1);
  assert.match(stderr, /there is no server `app\/three`/);
  assert.equal(JSON.parse(stdout).error.code, 'SG0502');
  const wrong = await ctl('status', '--token-file', join(folder, 'wrong'));
  assert.deepEqual([wrong.code, /token is wrong/.test(wrong.stderr)], [1, true]);
  assert.equal((await ctl('status', '--token-file', join(folder, 'token'))).code, 0);
  assert.equal((await ctl('status', '--token-file', join(folder, 'nothing'))).code, 2);
});

test('it exits with 3 if nothing answers, or something other than a gateway', async () => {
  const gone = await ctl('status', '--admin', `unix:${folder}/none.sock`);
  assert.equal(gone.code, 3);
  assert.match(gone.stderr, /cannot be reached/);
  const { port } = origin.address() as { port: number };
  const other = await ctl('status', '--admin', `127.0.0.1:${port}`);
  assert.equal(other.code, 3);
  assert.match(other.stderr, /is not the admin API/);
  const bad = await ctl('status', '--admin', 'nowhere');
  assert.equal(bad.code, 2);
});

const STRANGERS: Readonly<Record<string, string>> = {
  'a server of JSON': 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
  'a server that knows no such path': 'HTTP/1.1 404 Not Found\r\nContent-Length: 20\r\n\r\n{"error":"not here"}',
  'a server that refuses in JSON': 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 21\r\n\r\n{"error":{"code":"x"}}',
  'a server that sends elsewhere': 'HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n',
  'a server that upgrades': 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
  'a server of another protocol': 'SSH-2.0-OpenSSH_9.2\r\n',
  'a server that hangs up': '',
};

for (const [what, answer] of Object.entries(STRANGERS)) {
  test(`${what} is not a gateway: exit code 3`, async (t) => {
    const stranger = createPlainServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(answer));
    }).listen(0, '127.0.0.1');
    t.after(() => stranger.close());
    await once(stranger, 'listening');
    const { port } = stranger.address() as { port: number };
    for (const command of [['status'], ['servers', '--json'], ['events'], ['weight', 'app/one', '3'], ['reload']]) {
      const { code, stdout, stderr } = await ctl(...command, '--admin', `127.0.0.1:${port}`);
      assert.deepEqual([code, stdout], [3, ''], command.join(' '));
      assert.equal(stderr, `sluice: the server at 127.0.0.1:${port} is not the admin API of a gateway\n`);
    }
  });
}

test('events are printed as they happen', async () => {
  const events = start(['ctl', 'events', '--json'], { env: { SLUICE_ADMIN: admin, SLUICE_ADMIN_TOKEN: TOKEN } });
  // The first event that is seen proves that the stream had begun: until then it is made again.
  const again = setInterval(() => gateway.server('app/one').weight(1 + Math.floor(Math.random() * 200)), 20);
  const [line] = await once(events.stdout, 'data');
  clearInterval(again);
  const event = JSON.parse(String(line).split('\n')[0]!);
  assert.deepEqual([event.event, event.backend, event.server, event.what], ['set', 'app', 'one', 'weight']);
  events.kill();
  await once(events, 'close');
});
