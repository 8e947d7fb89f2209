/**
 * The command `lsp`: the language server, on stdin and stdout. Main thread.
 */
import { Console } from 'node:console';
import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';
import { workIsDone } from '../drained-loop.ts';
import { pluginPlace } from '../failure.ts';
import { LanguageServer } from '../lsp/language-server.ts';
import { containUncaught } from '../uncaught.ts';

/** lsp serves until the editor says `exit` or closes its end; then the process exits. */
export async function lsp(version: string): Promise<never> {
  // Whatever a plugin prints must not stand between two messages.
  globalThis.console = new Console(process.stderr, process.stderr);
  workIsDone();
  // An editor keeps its language server whatever a plugin does late.
  containUncaught((thrown) => {
    const place = pluginPlace(thrown);
    if (place !== null) console.error(`a plugin has failed at ${place}: ${String(thrown)}`);
    return place !== null;
  });
  const connection = createConnection(ProposedFeatures.all, process.stdin, process.stdout);
  new LanguageServer(connection, version);
  return new Promise(() => {});
}
