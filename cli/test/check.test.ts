import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { asPlainUser, folderOf, sluice } from './sluice.ts';

const GOOD = `listener web on 127.0.0.1:8080 {
  deny ip 10.0.0.0/8
  otherwise send to app
}
backend app of 127.0.0.1:9001
`;

const BAD = GOOD.replace('deny ip', 'dney ip').replace('to app', 'to apq');

test('a file without problems is clean', async (t) => {
  const cwd = await folderOf(t, { 'good.sluice': GOOD });
  assert.deepEqual(await sluice(['check', 'good.sluice'], { cwd }), {
    code: 0,
    stdout: '✓ good.sluice: no problems\n',
    stderr: '',
  });
});

test('every problem of a file is shown with its place and its fix, and the exit code is 1', async (t) => {
  const cwd = await folderOf(t, { 'bad.sluice': BAD });
  const { code, stdout, stderr } = await sluice(['check', 'bad.sluice'], { cwd });
  assert.equal(code, 1);
  assert.equal(stderr, '');
  assert.match(stdout, /^SL\d{4} bad\.sluice:2:3 {3}dney ip 10\.0\.0\.0\/8\n +\^\^\^\^ unknown word `dney`/m);
  assert.match(stdout, /Did you mean `deny`\?/);
  assert.match(stdout, /^SL\d{4} bad\.sluice:3:21 /m);
  assert.match(stdout, /✗ bad\.sluice: 2 errors\n$/);
});

test('several files are checked, and one bad one decides', async (t) => {
  const cwd = await folderOf(t, { 'good.sluice': GOOD, 'bad.sluice': BAD });
  const { code, stdout } = await sluice(['check', 'good.sluice', 'bad.sluice'], { cwd });
  assert.equal(code, 1);
  assert.match(stdout, /✓ good\.sluice: no problems/);
  assert.match(stdout, /✗ bad\.sluice: 2 errors/);
});

test('--json prints the problems as data', async (t) => {
  const cwd = await folderOf(t, { 'good.sluice': GOOD, 'bad.sluice': BAD });
  const { code, stdout, stderr } = await sluice(['check', '--json', 'good.sluice', 'bad.sluice'], { cwd });
  assert.equal(code, 1);
  assert.equal(stderr, '');
  const result = JSON.parse(stdout);
  assert.equal(result.isOk, false);
  assert.deepEqual(result.files[0], { file: 'good.sluice', isOk: true, problems: [] });
  const [problem] = result.files[1].problems;
  assert.deepEqual(Object.keys(problem).sort(), ['code', 'fix', 'message', 'place', 'severity']);
  assert.deepEqual(problem.place, { file: 'bad.sluice', line: 2, column: 3, length: 4 });
});

const PICKY = `export default {
  name: 'picky',
  apiVersion: 1,
  data: import.meta.url,
  words: [{
    kind: 'verb', name: 'tag', doc: 'Tags.', example: 'tag blue', part: 'change', phase: 'request',
    args: [{ name: 'tag', type: 'text', doc: 'A tag.' }],
  }],
};
export const verbs = { tag({ tag }) { throw new Error('the tag ' + tag + ' is taken'); } };
`;

test('a rule that its plugin refuses is found by check, as run would find it', async (t) => {
  const rules = `use picky from "./picky.js"\n${GOOD.replace('deny ip 10.0.0.0/8', 'tag blue').replace(':8080', ':0')}`;
  const cwd = await folderOf(t, { 'refused.sluice': rules, 'picky.js': PICKY, 'package.json': '{"type":"module"}' });
  const checked = await sluice(['check', 'refused.sluice'], { cwd });
  assert.equal(checked.code, 1);
  assert.match(checked.stdout, /refused\.sluice:3:3 [\s\S]*the tag blue is taken/);
  const run = await sluice(['run', 'refused.sluice', '--threads', '1', '--log-level', 'silent'], { cwd });
  assert.equal(run.code, 1);
  assert.match(run.stderr, /the tag blue is taken/);
});

const BROKEN = `const fails = (what) => () => { throw new Error(what + ' is not in the mood'); };
export default {
  name: 'broken',
  apiVersion: 1,
  data: import.meta.url,
  components: [
    { kind: 'component', slot: 'balance', name: 'broken', doc: 'Fails.', example: 'balance broken', args: [] },
    { kind: 'component', slot: 'stick', name: 'broken', doc: 'Fails.', example: 'stick broken', args: [] },
    { kind: 'component', slot: 'server tls', name: 'broken', doc: 'Fails.', example: 'tls broken', args: [], serverTls: fails('the TLS') },
  ],
};
export const balancers = { broken: fails('the strategy') };
export const stickiness = { broken: fails('the stickiness') };
export const serverTls = { broken: fails('the TLS') };
`;

const LISTENER = 'listener web on 127.0.0.1:0 { otherwise send to app }\n';
const BACKEND = 'backend app of 127.0.0.1:9001\n';
const broken = (line: string): string =>
  `use broken from "./broken.js"\n${LISTENER}backend app of 127.0.0.1:9001 { ${line} }\n`;

/** What `run` refuses, and `check` must refuse in the same words. */
const REFUSED: readonly [what: string, rules: string, message: RegExp][] = [
  [
    'an access log in a folder that is not there',
    `settings { log access json to "missing/access.log" }\n${LISTENER}${BACKEND}`,
    /the access log \S+\/missing\/access\.log cannot be written: there is no folder \S+\/missing:/,
  ],
  [
    'an access log that is a folder',
    `settings { log access json to "folder" }\n${LISTENER}${BACKEND}`,
    /the access log \S+\/folder cannot be written: it is a folder/,
  ],
  [
    'a short token of the admin API',
    `settings { admin on 127.0.0.1:0 token secret "short" }\n${LISTENER}${BACKEND}`,
    /the token of the admin API is too short: it must have at least 16 characters/,
  ],
  [
    'a token of the admin API that no header could carry',
    `settings { admin on 127.0.0.1:0 token secret "blank" }\n${LISTENER}${BACKEND}`,
    /the token of the admin API contains a space/,
  ],
  [
    'an admin API on the address of a listener',
    `settings { admin on 127.0.0.1:45871 }\n${LISTENER.replace('127.0.0.1:0', ':45871')}${BACKEND}`,
    /the admin API and listener `web` cannot both have 127\.0\.0\.1:45871/,
  ],
  [
    'a socket in a folder that is not there',
    `${LISTENER.replace('127.0.0.1:0', 'unix:/nonexistent/web.sock')}${BACKEND}`,
    /listener `web`: socket \/nonexistent\/web\.sock cannot be created: there is no folder \/nonexistent/,
  ],
  [
    'a socket where there is a file',
    `${LISTENER.replace('127.0.0.1:0', 'unix:/etc/hostname')}${BACKEND}`,
    /\/etc\/hostname exists and is not a socket/,
  ],
  [
    'an admin socket in a folder that is not there',
    `settings { admin on unix:/nonexistent/admin.sock }\n${LISTENER}${BACKEND}`,
    /the admin API: socket \/nonexistent\/admin\.sock cannot be created: there is no folder \/nonexistent/,
  ],
  ['a strategy that cannot be made', broken('balance broken'), /the strategy is not in the mood/],
  [
    'stickiness that cannot be made',
    broken('stick broken'),
    /refused\.sluice:3: `stick broken`: the stickiness is not in the mood/,
  ],
  [
    'TLS to servers that cannot be made',
    broken('tls broken'),
    /refused\.sluice:3: `tls broken`: the TLS is not in the mood/,
  ],
  [
    'more backends than there is room for',
    `${LISTENER}${BACKEND}${Array.from({ length: 4096 }, (_, at) => `backend b${at} of 127.0.0.1:9001`).join('\n')}\n`,
    /no room for another backend: all 4096 are in use/,
  ],
  [
    'a port of a check where all servers are sockets',
    `${LISTENER}backend app of unix:/tmp/app.sock { check GET /healthz port 9000 }\n`,
    /`port 9000` is asked nowhere: all servers of the backend are Unix sockets/,
  ],
  [
    'certificates that could not be kept',
    `settings { certificates from acme agree to terms in "folder/x/kept" }
listener edge on 127.0.0.1:0 { tls terminate; certificate from acme for a.test; otherwise send to app }\n${BACKEND}`,
    /certificates cannot be stored in `\S+\/folder\/x\/kept\/\S+` \(ENOTDIR\)/,
  ],
];

for (const [what, rules, message] of REFUSED) {
  test(`${what}: check refuses it as run does`, async (t) => {
    const files = { 'refused.sluice': rules, 'broken.js': BROKEN, 'package.json': '{"type":"module"}', 'folder/x': '' };
    const cwd = await folderOf(t, files);
    const env = { SLUICE_SECRET_SHORT: 'short', SLUICE_SECRET_BLANK: 'a token with blanks in it' };
    const checked = await sluice(['check', 'refused.sluice'], { cwd, env });
    assert.equal(checked.code, 1, checked.stdout);
    assert.match(checked.stdout, message);
    const run = await sluice(['run', 'refused.sluice', '--threads', '1', '--log-level', 'silent'], { cwd, env });
    assert.equal(run.code, 1);
    assert.match(run.stderr, message);
  });
}

test('run --check also checks the admin API given on the command line', async (t) => {
  const cwd = await folderOf(t, { 'good.sluice': `${LISTENER}${BACKEND}` });
  const env = { SLUICE_ADMIN_TOKEN: 'short' };
  const args = ['run', 'good.sluice', '--admin', '10.255.0.1:9900'];
  const checked = await sluice([...args, '--check'], { cwd, env });
  assert.equal(checked.code, 1);
  assert.match(checked.stdout, /SG0602 good\.sluice {3}the token of the admin API is too short/);
  assert.equal((await sluice(args, { cwd, env })).code, 1);
});

test('check makes nothing: no log, no socket, no folder', async (t) => {
  const rules = `settings { log access json to "access.log"; admin on unix:/tmp/sluice-never-made.sock }\n${LISTENER}${BACKEND}`;
  const cwd = await folderOf(t, { 'good.sluice': rules });
  assert.equal((await sluice(['check', 'good.sluice'], { cwd })).code, 0);
  assert.deepEqual(await readdir(cwd), ['good.sluice']);
  assert.equal(existsSync('/tmp/sluice-never-made.sock'), false);
});

test('a missing file, and a folder, are one clear line', async (t) => {
  const cwd = await folderOf(t, { 'folder/good.sluice': GOOD });
  const missing = await sluice(['check', 'missing.sluice'], { cwd });
  assert.equal(missing.code, 1);
  assert.match(missing.stdout, /cannot read `missing\.sluice`: there is no such file/);
  const folder = await sluice(['check', 'folder'], { cwd });
  assert.equal(folder.code, 1);
  assert.match(folder.stdout, /cannot read `folder`: it is a folder/);
});

test('a file that may not be read is one clear line', async (t) => {
  const folder = await folderOf(t, { 'secret.sluice': GOOD });
  await chmod(join(folder, 'secret.sluice'), 0);
  const user = await asPlainUser(t, folder);
  if (user === null) return;
  const { code, stdout } = await sluice(['check', 'secret.sluice'], user);
  assert.equal(code, 1);
  assert.match(stdout, /cannot read `secret\.sluice`: permission denied/);
});

test('an unknown plugin is reported with its line', async (t) => {
  const cwd = await folderOf(t, { 'edge.sluice': `use geo from "@acme/none"\n${GOOD}` });
  const { code, stdout } = await sluice(['check', 'edge.sluice'], { cwd });
  assert.equal(code, 1);
  assert.match(stdout, /edge\.sluice:1:\d+ [\s\S]*plugin `@acme\/none` was not found/);
});

test('there are no colours in a pipe, unless they are forced, and none with NO_COLOR', async (t) => {
  const cwd = await folderOf(t, { 'bad.sluice': BAD });
  const run = async (env: Record<string, string>) => (await sluice(['check', 'bad.sluice'], { cwd, env })).stdout;
  assert.ok(!(await run({})).includes('\u001b'));
  assert.ok((await run({ FORCE_COLOR: '1' })).includes('\u001b['));
  assert.ok(!(await run({ FORCE_COLOR: '1', NO_COLOR: '1' })).includes('\u001b'));
});

test('the rule files of the examples have no problems', async () => {
  const folder = fileURLToPath(new URL('../../examples/', import.meta.url));
  const files = ['quickstart/gateway.sluice', 'custom-strategy/gateway.sluice'];
  const { code, stdout } = await sluice(['check', ...files], { cwd: folder });
  assert.equal(stdout, files.map((file) => `✓ ${file}: no problems\n`).join(''));
  assert.equal(code, 0);
});

test('a rule that those before it together keep everything from is a warning, with an example', async (t) => {
  const text = GOOD.replace('otherwise', 'deny not ip 10.0.0.0/8\n  deny path is /x\n  otherwise');
  const cwd = await folderOf(t, { 'dead.sluice': text });
  const { code, stdout } = await sluice(['check', 'dead.sluice'], { cwd });
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^SL0501 dead\.sluice:4:3 .*\n.*warning: can never run: lines 2 and 3 together take every request that it matches \(e\.g\. GET http:\S+\/x from [\d.]+\)$/m,
  );
});

test('a long file is not searched for dead rules', async (t) => {
  const many = Array.from({ length: 300 }, (_, at) => `  deny path is /p${at}`).join('\n');
  const text = GOOD.replace('  otherwise', `${many}\n  deny not ip 10.0.0.0/8\n  deny path is /x\n  otherwise`);
  const cwd = await folderOf(t, { 'long.sluice': text });
  assert.equal((await sluice(['check', 'long.sluice'], { cwd })).stdout, '✓ long.sluice: no problems\n');
});

test('tests that gate a reload are run, and only those', async (t) => {
  const failing = `${GOOD}test "closed" {\n  given GET http://a/\n  expect deny\n}\n`;
  const gated = `${failing}settings { test before reload }\n`;
  const cwd = await folderOf(t, { 'free.sluice': failing, 'gated.sluice': gated });
  assert.equal((await sluice(['check', 'free.sluice'], { cwd })).code, 0);
  const { code, stdout } = await sluice(['check', 'gated.sluice'], { cwd });
  assert.equal(code, 1);
  assert.match(stdout, /^SG0204 gated\.sluice:6:1 .*\n.*test "closed" fails: expected `deny`, got `send to app`$/m);
  // What shows why a test fails is not kept from it by that.
  const tested = await sluice(['test', 'gated.sluice'], { cwd });
  assert.match(tested.stdout, /✗ closed/);
  assert.equal((await sluice(['explain', 'gated.sluice', 'GET http://a/'], { cwd })).code, 0);
  const run = await sluice(['run', 'gated.sluice'], { cwd });
  assert.equal(run.code, 1);
  assert.match(run.stderr, /test "closed" fails/);
});
