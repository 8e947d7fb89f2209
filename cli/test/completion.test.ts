/**
 * Completion, in the real shells.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createGateway } from '../src/index.ts';
import { ended, folderOf, start } from './sluice.ts';

async function script(t: TestContext, shell: string): Promise<string> {
  const { code, stdout } = await ended(start(['completion', shell]));
  assert.equal(code, 0);
  const file = join(await folderOf(t, {}), `sluice.${shell}`);
  writeFileSync(file, stdout);
  return file;
}

function has(shell: string): boolean {
  return spawnSync(shell, ['-c', 'exit 0']).status === 0;
}

/** What bash offers for the last of these words. */
function inBash(file: string, words: readonly string[], env: NodeJS.ProcessEnv = {}): readonly string[] {
  const program = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sluice; printf "%s\\n" "\${COMPREPLY[@]}"`;
  const run = spawnSync('bash', ['-c', program, 'bash', file, ...words], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  assert.equal(run.stderr, '');
  return run.stdout.trim().split('\n');
}

test('bash completes commands, options, choices and files', {
  skip: has('bash') ? false : 'bash is not installed',
}, async (t) => {
  const file = await script(t, 'bash');
  assert.deepEqual(inBash(file, ['sluice', 'ctl', 'dr']), ['drain']);
  assert.deepEqual(inBash(file, ['sluice', 'cert', '']), ['ca', 'leaf']);
  assert.deepEqual(inBash(file, ['sluice', 'ctl', 'drain', '--d']), ['--deadline']);
  assert.deepEqual(inBash(file, ['sluice', 'run', '--log-level', 'de']), ['debug']);
  assert.ok(inBash(file, ['sluice', '']).includes('explain'));
  const folder = await folderOf(t, { 'edge.sluice': '' });
  assert.deepEqual(inBash(file, ['sluice', 'check', `${folder}/ed`]), [`${folder}/edge.sluice`]);
});

test('zsh takes its script, which has a function for every command', {
  skip: has('zsh') ? false : 'zsh is not installed',
}, async (t) => {
  const file = await script(t, 'zsh');
  const program = `autoload -U compinit; compinit -u -D; source $1; print $_comps[sluice]; print -l \${(k)functions[(I)_sluice*]}`;
  const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', program, 'zsh', file], { encoding: 'utf8' });
  assert.equal(stderr, '');
  const [registered, ...functions] = stdout.trim().split('\n');
  assert.equal(registered, '_sluice');
  for (const name of ['_sluice_run', '_sluice_ctl', '_sluice_ctl_drain', '_sluice_cert_leaf', '_sluice_names']) {
    assert.ok(functions.includes(name), name);
  }
});

test('fish completes commands with their descriptions, options and choices', {
  skip: has('fish') ? false : 'fish is not installed',
}, async (t) => {
  const file = await script(t, 'fish');
  const complete = (line: string): string => {
    const { stdout, stderr } = spawnSync('fish', ['-c', `source ${file}; complete -C ${JSON.stringify(line)}`], {
      encoding: 'utf8',
      env: { ...process.env, HOME: join(file, '..') },
    });
    assert.equal(stderr, '');
    return stdout;
  };
  assert.match(complete('sluice ctl dr'), /^drain\tdrain a server/);
  assert.match(complete('sluice run --log'), /^--log-level\t/);
  assert.match(complete('sluice run --log-level de'), /debug/);
  assert.match(complete('sluice cert '), /^ca\t.*\nleaf\t/);
});

test('the names of a running gateway are printed; without one, nothing is said', async (t) => {
  const gateway = await createGateway({
    rules:
      'listener web on 127.0.0.1:0 { otherwise send to app }\nbackend app { server one 127.0.0.1:9\n server two 127.0.0.1:10 }',
    threads: 0,
    logger: false,
    admin: { address: '127.0.0.1:0' },
  });
  await gateway.start();
  t.after(() => gateway.stop({ deadline: 0 }));
  const { port } = gateway.adminAddress as { port: number };
  const env = { SLUICE_ADMIN: `127.0.0.1:${port}` };
  const servers = await ended(start(['completion', 'servers'], { env }));
  assert.deepEqual([servers.code, servers.stdout], [0, 'app/one\napp/two\n']);
  const backends = await ended(start(['completion', 'backends'], { env }));
  assert.deepEqual([backends.code, backends.stdout], [0, 'app\n']);
  await gateway.stop({ deadline: 0 });
  const none = await ended(start(['completion', 'servers'], { env }));
  assert.deepEqual([none.code, none.stdout, none.stderr], [3, '', '']);
});

test('a shell that there is no script for is refused', async () => {
  const { code, stderr } = await ended(start(['completion', 'tcsh']));
  assert.equal(code, 2);
  assert.match(stderr, /bash, zsh, fish/);
});
