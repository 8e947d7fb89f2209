/**
 * State that is kept on disk: `settings { state in "FOLDER" }`, over stops, crashes and mistakes.
 */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { createGateway, type Gateway } from 'sluice';
import {
  type Address,
  CHECKED_NAMES,
  connectTo,
  eventually,
  fieldOf,
  runSluice,
  sluice,
  startCheckedServers,
  temporaryFolder,
} from '../kit/index.ts';

const rulesOf = (servers: readonly string[], settings: string, lines = '', port = 0) => `
settings { ${settings} }
listener web on 127.0.0.1:${port} {
  limit 2/h per header X-User when path is /limited
  otherwise send to app
}
backend app {
  ${servers.join('\n  ')}
  ${lines}
}
`;

async function start(t: TestContext, rules: string) {
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line).msg) });
  const gateway = await createGateway({ rules, threads: 0, logger });
  await gateway.start();
  t.after(() => gateway.stop({ deadline: 0 }));
  const logged = (pattern: RegExp) => eventually(`${pattern}`, () => lines.find((line) => pattern.test(line)));
  return { gateway, lines, logged, address: gateway.addresses().web as Address };
}

async function ask(address: Address, fields = '', target = '/') {
  const client = await connectTo(address);
  client.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
  const answer = await client.answer();
  client.destroy();
  return answer;
}

const FILE = 'gateway.state';
/** As a text in the rules. */
const settingOf = (folder: string): string => `state in "${folder}"`;
const adminOf = (gateway: Gateway, name: string): string => gateway.server(`app/${name}`).admin;

test('a gateway that is stopped and started again knows its clients, limits, health and what was set by hand', async (t) => {
  const folder = temporaryFolder();
  const sick = new Set(['three']);
  const servers = await startCheckedServers(t, sick);
  const check = (every: string) => `stick on header X-User ttl 1h
  check GET /healthz every ${every} timeout 5s expect 200 fall 1`;
  const first = await start(t, rulesOf(servers, settingOf(folder), check('50ms')));
  await eventually('a server down', () => first.gateway.server('app/three').state === 'stopped');
  const homes = new Map<string, string>();
  for (let user = 0; user < 30; user++) {
    homes.set(`u${user}`, (await ask(first.address, `X-User: u${user}\r\n`)).body.toString());
  }
  for (const status of [200, 200, 429]) {
    assert.equal((await ask(first.address, 'X-User: u1\r\n', '/limited')).status, status);
  }
  void first.gateway.server('app/one').drain();
  first.gateway.server('app/two').weight(9);
  await first.gateway.stop();
  assert.deepEqual(
    readdirSync(folder).filter((name) => !name.endsWith('.previous')),
    [FILE],
  );
  assert.equal(statSync(join(folder, FILE)).mode & 0o777, 0o600);
  const second = await start(t, rulesOf(servers, settingOf(folder), check('1h')));
  await second.logged(/^state of \d+ s ago was restored: 3 servers, 2 of them set by hand, and 30 clients/);
  assert.equal(adminOf(second.gateway, 'one'), 'drain');
  assert.equal(second.gateway.stats().backends[0]!.servers[1]!.weight, 9);
  assert.equal(second.gateway.server('app/three').state, 'stopped');
  for (const [user, home] of homes) {
    assert.equal((await ask(second.address, `X-User: ${user}\r\n`)).body.toString(), home, user);
  }
  assert.equal((await ask(second.address, 'X-User: u1\r\n', '/limited')).status, 429);
});

test('a cookie of the gateway’s own is believed after a restart', async (t) => {
  const rules = rulesOf(await startCheckedServers(t), settingOf(temporaryFolder()), 'stick with cookie srv');
  const first = await start(t, rules);
  const answer = await ask(first.address);
  const cookie = fieldOf(answer, 'set-cookie')!.split(';')[0]!;
  await first.gateway.stop();
  const second = await start(t, rules);
  for (let round = 0; round < 6; round++) {
    assert.deepEqual((await ask(second.address, `Cookie: ${cookie}\r\n`)).body, answer.body);
  }
});

test('the keys of TLS sessions are handed over in memory, and never written', async (t) => {
  const folder = temporaryFolder();
  const { gateway } = await start(t, rulesOf(await startCheckedServers(t), settingOf(folder)));
  const handed = Buffer.from(await gateway.exportState());
  await gateway.stop();
  const name = Buffer.from('\x03\x00tls');
  assert.ok(handed.includes(name));
  assert.equal(readFileSync(join(folder, FILE)).includes(name), false);
});

test('what is set by hand is on disk soon, and outlives a crash', async (t) => {
  const folder = temporaryFolder();
  const servers = await startCheckedServers(t);
  const settings = `${settingOf(folder)}\n  admin on unix:${join(folder, 'admin.sock')}`;
  const command = await runSluice((port) => rulesOf(servers, settings, '', port), '--no-supervisor');
  t.after(() => command.stop());
  const ctl = (...args: string[]) => sluice('ctl', ...args, '--admin', `unix:${join(folder, 'admin.sock')}`).exited;
  assert.equal((await ctl('maint', 'app/two')).code, 0);
  await eventually(
    'the file',
    () => existsSync(join(folder, FILE)) && readFileSync(join(folder, FILE)).includes('"maint"'),
  );
  command.program.signal('SIGKILL');
  await command.program.exited;
  const { gateway } = await start(t, rulesOf(servers, settingOf(folder)));
  assert.equal(adminOf(gateway, 'two'), 'maint');
});

test('of two gateways with one folder the second says so, and writes once the first has ended', async (t) => {
  const folder = temporaryFolder();
  const rules = rulesOf(await startCheckedServers(t), settingOf(folder));
  const first = await start(t, rules);
  void first.gateway.server('app/one').maint();
  const second = await start(t, rules);
  assert.equal(
    await second.logged(/is in use by/),
    `the state folder ${folder} is in use by process ${process.pid}: nothing is written there until that has ended`,
  );
  void second.gateway.server('app/one').ready();
  void second.gateway.server('app/three').drain();
  await eventually('the first’s', () => existsSync(join(folder, FILE)));
  await first.gateway.stop();
  await second.logged(/^the state is kept in .* from now on$/);
  await eventually('the second’s', () => readFileSync(join(folder, FILE)).includes('"drain"'));
  await second.gateway.stop();
  const third = await start(t, rules);
  assert.deepEqual(
    CHECKED_NAMES.map((name) => adminOf(third.gateway, name)),
    ['ready', 'ready', 'drain'],
  );
});

test('a reload may name another folder, or none', async (t) => {
  const [folder, other] = [temporaryFolder(), temporaryFolder()];
  const servers = await startCheckedServers(t);
  const { gateway } = await start(t, rulesOf(servers, settingOf(folder)));
  await gateway.reload({ rules: rulesOf(servers, settingOf(other)) });
  void gateway.server('app/one').maint();
  await eventually(
    'a file',
    () => existsSync(join(other, FILE)) && readFileSync(join(other, FILE)).includes('"maint"'),
  );
  assert.deepEqual(readdirSync(folder), []);
  await gateway.reload({ rules: rulesOf(servers, '') });
  await eventually('the lock', () => !existsSync(join(other, `${FILE}.lock`)));
  await gateway.stop();
});

test('a torn file costs what was new in it, and not the start', async (t) => {
  const folder = temporaryFolder();
  const file = join(folder, FILE);
  const rules = rulesOf(await startCheckedServers(t), settingOf(folder));
  const first = await start(t, rules);
  void first.gateway.server('app/one').maint();
  await first.gateway.stop();
  const second = await start(t, rules);
  await second.gateway.stop();
  writeFileSync(file, readFileSync(file).subarray(0, 100));
  const third = await start(t, rules);
  await third.logged(/^the state in .* is not used: it has 100 bytes, not the \d+ that were written$/);
  assert.equal(adminOf(third.gateway, 'one'), 'maint');
});

test('a folder that cannot be written while the gateway runs is one warning, and is used again once it can be', async (t) => {
  const folder = join(temporaryFolder(), 'state');
  mkdirSync(folder);
  const { gateway, lines, logged } = await start(t, rulesOf(await startCheckedServers(t), settingOf(folder)));
  rmSync(folder, { recursive: true });
  void gateway.server('app/one').maint();
  const problem = /^the state cannot be written to .*\/state, what is there stays: /;
  await logged(problem);
  void gateway.server('app/two').drain();
  mkdirSync(folder);
  await logged(/^the state is written to .*\/state again$/);
  assert.equal(lines.filter((line) => problem.test(line)).length, 1);
  const written = readFileSync(join(folder, FILE));
  assert.ok(written.includes('"maint"') && written.includes('"drain"'));
});

test('a folder that is not there, or none, or may not be written, is an error of check, start and reload', async (t) => {
  const folder = temporaryFolder();
  const missing = join(folder, 'missing');
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const servers = await startCheckedServers(t);
  const good = rulesOf(servers, '');
  const { gateway } = await start(t, good);
  const bad: [string, RegExp][] = [
    [missing, /there is no folder .*\/missing/],
    [file, /\/file is no folder/],
  ];
  const locked = join(folder, 'locked');
  mkdirSync(locked);
  chmodSync(locked, 0o500);
  if (process.getuid?.() !== 0) bad.push([locked, /permission denied/]);
  for (const [path, reason] of bad) {
    const rules = rulesOf(servers, settingOf(path));
    for (const refused of [() => createGateway({ rules, logger: false }), () => gateway.reload({ rules })]) {
      await assert.rejects(refused, (error: Error & { code: string }) => {
        assert.equal(error.code, 'SG0207');
        assert.match(error.message, /^the state cannot be kept in \/.*: make the folder/);
        assert.match(error.message, reason);
        return true;
      });
    }
  }
  const ruleFile = join(folder, 'gateway.sluice');
  writeFileSync(ruleFile, rulesOf(servers, 'state in "missing"'));
  const check = sluice('check', ruleFile);
  await check.printed(new RegExp(`SG0207.*the state cannot be kept in ${missing}: there is no folder`));
  assert.equal((await check.exited).code, 1);
  assert.equal((await ask(gateway.addresses().web as Address)).status, 200);
});
