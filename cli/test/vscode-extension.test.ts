import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';

const FOLDER = new URL('../editors/vscode/', import.meta.url);

const read = (name: string): string => readFileSync(new URL(name, FOLDER), 'utf8');

/** load runs the extension with a `vscode` that only notes what is asked of it. */
function load(command: string) {
  const calls: unknown[] = [];
  const vscode = {
    workspace: {
      getConfiguration: () => ({ get: () => command }),
      workspaceFolders: undefined,
      onDidChangeConfiguration: () => ({}),
    },
    window: { showErrorMessage: (message: string) => calls.push(['error', message]) },
    commands: { registerCommand: (name: string) => calls.push(['command', name]) },
  };
  class LanguageClient {
    constructor(id: string, _name: string, server: unknown, options: unknown) {
      calls.push(['client', id, JSON.parse(JSON.stringify(server)), JSON.parse(JSON.stringify(options))]);
    }
    start(): void {
      if (command === 'missing') throw new Error('spawn missing ENOENT');
      calls.push(['start']);
    }
    dispose(): void {
      calls.push(['dispose']);
    }
  }
  const own = createRequire(FOLDER);
  const modules: Record<string, unknown> = { vscode, 'vscode-languageclient/node': { LanguageClient } };
  const exports: { activate?(context: { subscriptions: unknown[] }): Promise<void>; deactivate?(): void } = {};
  runInNewContext(read('extension.js'), { require: (name: string) => modules[name] ?? own(name), exports });
  return { calls, exports };
}

test('the extension starts the language server for rule files, and ends it', async () => {
  const { calls, exports } = load('');
  await exports.activate!({ subscriptions: [] });
  exports.deactivate!();
  assert.deepEqual(calls, [
    ['command', 'sluice.restart'],
    [
      'client',
      'sluice',
      { command: 'sluice', args: ['lsp', '--stdio'] },
      { documentSelector: [{ language: 'sluice' }] },
    ],
    ['start'],
    ['dispose'],
  ]);
});

test('a language server that fails to start is reported, with the setting that names the command', async () => {
  const { calls, exports } = load('missing');
  await exports.activate!({ subscriptions: [] });
  assert.match(JSON.stringify(calls.at(-1)), /sluice lsp did not start: .*spawn missing ENOENT.*sluice\.command/);
});

test('every file and command that the manifest names is there', () => {
  const manifest = JSON.parse(read('package.json'));
  const { languages, grammars, commands } = manifest.contributes;
  const files = [manifest.main, languages[0].configuration, grammars[0].path];
  for (const file of files) assert.ok(existsSync(new URL(file, FOLDER)), file);
  assert.equal(grammars[0].scopeName, JSON.parse(read(grammars[0].path)).scopeName);
  for (const { command } of commands) assert.ok(read('extension.js').includes(`'${command}'`), command);
});
