import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { sluice } from './sluice.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

test('--version prints the version', async () => {
  assert.deepEqual(await sluice(['--version']), { code: 0, stdout: `sluice ${version}\n`, stderr: '' });
});

for (const command of ['run', 'check', 'fmt', 'test', 'lint', 'diff', 'explain', 'plan']) {
  test(`the help of ${command} has examples`, async () => {
    const { code, stdout, stderr } = await sluice([command, '--help']);
    assert.equal(code, 0);
    assert.equal(stderr, '');
    assert.match(stdout, new RegExp(`^Usage: sluice ${command} `));
    assert.match(stdout, /\nExamples:\n {2}sluice /);
    assert.equal((await sluice(['help', command])).stdout, stdout);
  });
}

test('--help lists the commands, the first steps and the exit codes', async () => {
  const { code, stdout } = await sluice(['--help']);
  assert.equal(code, 0);
  for (const part of ['run ', 'check ', 'explain ', 'plan ', 'First steps:', 'Exit codes:', 'NO_COLOR']) {
    assert.ok(stdout.includes(part), part);
  }
  for (const line of stdout.split('\n')) assert.ok(line.length <= 110, line);
});

const WRONG: readonly [name: string, args: string[], message: RegExp][] = [
  ['no command', [], /^Usage: sluice/],
  ['an unknown command', ['chekc'], /unknown command 'chekc'\n[\s\S]*\(Did you mean check\?\)/],
  ['an unknown option', ['check', '--jsno', 'x'], /unknown option '--jsno'/],
  ['a missing file', ['run'], /missing required argument 'file'/],
  ['a missing request', ['explain', 'x'], /missing required argument 'request'/],
  ['too many files', ['run', 'a', 'b'], /too many arguments/],
  ['threads that are no number', ['run', 'x', '--threads', 'many'], /'many' is invalid.*whole number from 0 to 256/],
  ['too many threads', ['run', 'x', '--threads', '257'], /'257' is invalid.*whole number from 0 to 256/],
  ['an unknown log level', ['run', 'x', '--log-level', 'loud'], /'loud' is invalid. Allowed choices are trace, debug/],
  [
    'a header without colon',
    ['explain', 'x', 'GET /', '-H', 'Host'],
    /'Host' is not a header: write it as 'Name: value'/,
  ],
];
for (const [name, args, message] of WRONG) {
  test(`${name} is a wrong command line: exit code 2, and no stack`, async () => {
    const { code, stdout, stderr } = await sluice(args);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /^ +at /m);
  });
}

test('a Node.js version that is too old is reported in one line', async () => {
  // The check looks at `process.versions`; everything behind it must not even be loaded.
  const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.11.0' } })`;
  const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`];
  assert.deepEqual(await sluice(['--version'], { nodeArgs }), {
    code: 1,
    stdout: '',
    stderr: 'sluice needs Node.js 22.12 or newer; this is 22.11.0\n',
  });
});

test('an old Node.js of the system can read the command', async (t) => {
  const node = '/usr/bin/node';
  const found = existsSync(node)
    ? execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim()
    : null;
  if (found === null || Number(found.split('.')[0]) >= 22) {
    t.skip(`no Node.js older than 22 at ${node}`);
    return;
  }
  assert.deepEqual(await sluice(['--version'], { node }), {
    code: 1,
    stdout: '',
    stderr: `sluice needs Node.js 22.12 or newer; this is ${found}\n`,
  });
});
