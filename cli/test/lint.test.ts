import assert from 'node:assert/strict';
import { test } from 'node:test';
import { folderOf, sluice } from './sluice.ts';

const CLEAN = `listener web on 127.0.0.1:8080 {
  deny cookie beta is on and query debug present
  otherwise send to app
}
backend app of 127.0.0.1:9001
`;
const DIRTY = CLEAN.replace(
  '  otherwise',
  '  deny ip 10.0.0.0/9\n  deny ip 10.128.0.0/9\n  deny 404 when path is /a and ip 10.0.0.0/8\n  otherwise',
);

test('a file without problems produces no output', async (t) => {
  const cwd = await folderOf(t, { 'a.sluice': CLEAN });
  assert.deepEqual(await sluice(['lint', 'a.sluice'], { cwd }), {
    code: 0,
    stdout: '✓ a.sluice: no findings\n',
    stderr: '',
  });
});

test('a rule made unreachable by several others together is reported with their lines', async (t) => {
  const cwd = await folderOf(t, { 'a.sluice': DIRTY });
  const { code, stdout } = await sluice(['lint', 'a.sluice'], { cwd });
  assert.equal(code, 1);
  assert.match(stdout, /^SL0501 a\.sluice:5:3 {3}deny 404 when path is \/a and ip 10\.0\.0\.0\/8\n/);
  assert.match(
    stdout,
    /warning: can never run: lines 3 and 4 together take every request that it matches \(e\.g\. GET \S+\/a from 10\.0\.0\.1\)\n/,
  );
  assert.match(stdout, /\n✗ a\.sluice: 1 finding\n$/);
});

test('compiler warnings appear once, and unused names are reported', async (t) => {
  const rules = `define unused = path is /a\n${CLEAN.replace('  otherwise', '  deny all\n  deny path is /b\n  otherwise')}`;
  const cwd = await folderOf(t, { 'a.sluice': rules, 'bad.sluice': 'listener' });
  const { code, stdout } = await sluice(['lint', 'a.sluice', 'bad.sluice'], { cwd });
  assert.equal(code, 1);
  assert.equal(stdout.match(/^SL0501 a\.sluice:5/gm)?.length, 1);
  assert.match(stdout, /^SL0503 a\.sluice:1/);
  assert.match(stdout, /✗ bad\.sluice: has errors, not analyzed\n$/);
});

test('--json has a request for every rule that can run', async (t) => {
  const cwd = await folderOf(t, { 'a.sluice': DIRTY });
  const { stdout } = await sluice(['lint', 'a.sluice', '--json'], { cwd });
  const [file] = JSON.parse(stdout).files;
  assert.equal(file.isComplete, true);
  assert.deepEqual(
    file.rules.map((rule: { outcome: string }) => rule.outcome),
    ['live', 'live', 'live', 'shadowed', 'live'],
  );
  assert.deepEqual(file.rules[0].witness, {
    request: 'GET http://www.example.com:8080/?debug=1 from 198.51.100.7',
    headers: [['Cookie', 'beta=on']],
  });
});
