import assert from 'node:assert/strict';
import { test } from 'node:test';
import { folderOf, sluice } from './sluice.ts';

const RULES = `listener web on 127.0.0.1:8080 {
  deny path under /admin
  otherwise send to app
}
backend app of 127.0.0.1:9001
`;
const line = (path: string): string =>
  JSON.stringify({ method: 'GET', path, client: '198.51.100.7', host: 'a.example.com', status: 200, backend: 'app' });

test('a replay shows what changes, by rule, with examples, and ends with 1', async (t) => {
  const log = `${line('/')}\n${line('/admin')}\n${line('/admin/x')}\n`;
  const cwd = await folderOf(t, { 'new.sluice': RULES, 'access.log': log });
  assert.deepEqual(await sluice(['replay', 'new.sluice', 'access.log'], { cwd }), {
    code: 1,
    stderr: '',
    stdout: `What changes
  2 × send to app (200) → answer 403
      deny path under /admin  new.sluice:2:3
      line 2: GET http://a.example.com/admin from 198.51.100.7
      line 3: GET http://a.example.com/admin/x from 198.51.100.7

3 lines, 1 as before, 2 changed
`,
  });
});

test('a replay that changes nothing ends with 0, on threads too, and --json prints it as data', async (t) => {
  const cwd = await folderOf(t, { 'new.sluice': RULES, 'access.log': `${line('/')}\n` });
  const { code, stdout } = await sluice(['replay', 'new.sluice', 'access.log', '--json', '--threads', '2'], { cwd });
  assert.equal(code, 0);
  const { lines, same, changed, groups } = JSON.parse(stdout);
  assert.deepEqual([lines, same, changed], [1, 1, 0]);
  assert.equal(groups[0].rule.place, 'new.sluice:3:3');
});

test('rules with errors, a missing log, a folder, an unreadable log and an unknown listener are reported', async (t) => {
  const files = { 'new.sluice': RULES, 'bad.sluice': 'listener', 'access.log': 'rubbish\n', 'folder/x': '' };
  const cwd = await folderOf(t, files);
  const run = (...args: string[]) => sluice(['replay', ...args], { cwd });
  const bad = await run('bad.sluice', 'access.log');
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /^SL\d{4} bad\.sluice:1:1/);
  const missing = await run('new.sluice', 'none.log');
  assert.deepEqual([missing.code, missing.stderr], [1, 'sluice: cannot read `none.log`: there is no such file\n']);
  const folder = await run('new.sluice', 'folder');
  assert.deepEqual([folder.code, folder.stderr], [1, 'sluice: cannot read `folder`: it is not a regular file\n']);
  const rubbish = await run('new.sluice', 'access.log');
  assert.equal(rubbish.code, 1);
  assert.match(rubbish.stdout, /line 1: it is neither JSON nor in the combined format {2}rubbish/);
  assert.match(rubbish.stderr, /has no line in Sluice's JSON format or in the combined format/);
  const listener = await run('new.sluice', 'access.log', '--listener', 'edge');
  assert.deepEqual([listener.code, listener.stderr], [2, 'sluice: no listener `edge` (available: web)\n']);
});

test('a log of which too much cannot be judged does not pass', async (t) => {
  const rules = RULES.replace('path under /admin', 'host a.example.com');
  // Without a host nobody can tell; one line in four has none.
  const known = JSON.stringify({ method: 'GET', path: '/', host: 'b.example.com', status: 200, backend: 'app' });
  const unknown = JSON.stringify({ method: 'GET', path: '/', status: 200, backend: 'app' });
  const refused = JSON.stringify({ method: '', path: '', status: 501, refused: 'x', rule: null, backend: null });
  const log = [known, known, known, unknown, refused, ''].join('\n');
  const cwd = await folderOf(t, {
    'new.sluice': rules,
    'access.log': log,
    'good.log': `${known}\n`.repeat(9) + unknown,
  });
  const run = (...args: string[]) => sluice(['replay', 'new.sluice', ...args], { cwd });
  const strict = await run('access.log');
  assert.equal(strict.code, 1);
  assert.equal(strict.stderr, 'sluice: 1 of 4 lines (25%) could not be judged; `--max-unknown` is 10%\n');
  assert.match(strict.stdout, /5 lines, 3 as before, 0 changed, 1 cannot tell, 1 refused before any rule\n$/);
  assert.deepEqual([(await run('access.log', '--max-unknown', '25')).code, (await run('good.log')).code], [0, 0]);
  assert.equal((await run('good.log', '--max-unknown', '9.9')).code, 1);
  const { unknownShare, maxUnknown } = JSON.parse((await run('access.log', '--json')).stdout);
  assert.deepEqual([unknownShare, maxUnknown], [25, 10]);
  assert.equal((await run('access.log', '--max-unknown', '101')).code, 2);
});

test('what new rules refuse before any rule changes too, with the reason', async (t) => {
  const logged = (method: string, path: string): string =>
    JSON.stringify({ method, path, host: 'a.example.com', status: 200, backend: 'app' });
  const log = [logged('delete', '/'), logged('GET', '/a%2Fb'), logged('PROPFIND', '/'), logged('GET', '/'), ''].join(
    '\n',
  );
  const strict = RULES.replace('deny path', 'methods standard\n  deny path');
  const any = RULES.replace('deny path', 'methods any\n  allow encoded slashes\n  deny method DELETE or path');
  const cwd = await folderOf(t, { 'strict.sluice': strict, 'any.sluice': any, 'access.log': log });
  const { groups, same } = JSON.parse(
    (await sluice(['replay', 'strict.sluice', 'access.log', '--json'], { cwd })).stdout,
  );
  assert.equal(same, 1);
  const changed = groups.filter(({ outcome }: { outcome: string }) => outcome === 'changed');
  assert.deepEqual(
    changed.map(({ now, rule }: { now: string; rule: unknown }) => [now, rule]),
    [
      ['answer 501: the method is not in capitals', null],
      ['answer 400: servers could read the path in more than one way', null],
      ['answer 501: the method is none of `methods standard`', null],
    ],
  );
  const shown = await sluice(['replay', 'any.sluice', 'access.log'], { cwd });
  assert.match(shown.stdout, /1 × send to app \(200\) → answer 403\n {6}deny method DELETE/);
  assert.match(shown.stdout, /\n4 lines, 3 as before, 1 changed\n$/);
});
