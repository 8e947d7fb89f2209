/**
 * The extension: starts `sluice lsp` and lets VS Code talk to it. All knowledge of the language is in the server.
 */

const { existsSync } = require('node:fs');
const { join } = require('node:path');
const vscode = require('vscode');
const { LanguageClient } = require('vscode-languageclient/node');

let client;

/** serverOf finds the command: the setting, then the workspace's own, then what is on the PATH. */
function serverOf() {
  const args = ['lsp', '--stdio'];
  const configured = vscode.workspace.getConfiguration('sluice').get('command', '');
  if (configured !== '') return { command: configured, args };
  for (const { uri } of vscode.workspace.workspaceFolders ?? []) {
    const script = join(uri.fsPath, 'node_modules', 'sluice', 'bin', 'sluice.js');
    if (existsSync(script)) return { command: 'node', args: [script, ...args], options: { cwd: uri.fsPath } };
  }
  return { command: 'sluice', args };
}

async function start() {
  const options = { documentSelector: [{ language: 'sluice' }] };
  client = new LanguageClient('sluice', 'Sluice', serverOf(), options);
  try {
    await client.start();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    vscode.window.showErrorMessage(`sluice lsp did not start: ${reason}. The setting sluice.command says what to run.`);
  }
}

async function restart() {
  await client?.dispose();
  await start();
}

exports.activate = async (context) => {
  context.subscriptions.push(vscode.commands.registerCommand('sluice.restart', restart));
  context.subscriptions.push(
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('sluice.command')) void restart();
    }),
  );
  await start();
};

exports.deactivate = () => client?.dispose();
