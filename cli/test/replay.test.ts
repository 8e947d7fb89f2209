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

test('rules with problems, a missing log, a folder, a log of rubbish and an unknown listener are told', async (t) => {
  const files = { 'new.sluice': RULES, 'bad.sluice': 'listener', 'access.log': 'rubbish\n', 'folder/x': '' };
  const cwd = await folderOf(t, files);
  const run = (...args: string[]) => sluice(['replay', ...args], { cwd });
  const bad = await run('bad.sluice', 'access.log');
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /^SL\d{4} bad\.sluice:1:1/);
  const missing = await run('new.sluice', 'none.log');
  assert.deepEqual([missing.code, missing.stderr], [1, 'sluice: cannot read `none.log`: there is no such file\n']);
  const folder = await run('new.sluice', 'folder');
  assert.deepEqual([folder.code, folder.stderr], [1, 'sluice: cannot read `folder`: it is no file\n']);
  const rubbish = await run('new.sluice', 'access.log');
  assert.equal(rubbish.code, 1);
  assert.match(rubbish.stdout, /line 1: it is neither JSON nor in the combined format {2}rubbish/);
  assert.match(rubbish.stderr, /has no line that is JSON of Sluice's or in the combined format/);
  const listener = await run('new.sluice', 'access.log', '--listener', 'edge');
  assert.deepEqual([listener.code, listener.stderr], [2, 'sluice: there is no listener `edge` (there is: web)\n']);
});
