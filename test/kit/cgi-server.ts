/**
 * CgiServer: lighttpd with one program that answers with its environment, where header fields are variables. Test code.
 */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, Program, temporaryFolder } from './program.ts';
import { eventually } from './waiting.ts';
import { type Address, connectTo } from './wire.ts';

export interface CgiServer {
  readonly address: Address;
  stop(): Promise<void>;
}

/** startCgiServer starts it: `/env` lists `NAME=value` lines. */
export async function startCgiServer(): Promise<CgiServer> {
  const folder = temporaryFolder();
  const port = await freePort();
  const program = join(folder, 'env');
  writeFileSync(program, '#!/bin/sh\nprintf "Content-Type: text/plain\\r\\n\\r\\n"\nenv\n');
  chmodSync(program, 0o755);
  const config = join(folder, 'lighttpd.conf');
  writeFileSync(
    config,
    `server.document-root = "${folder}"
server.bind = "127.0.0.1"
server.port = ${port}
server.modules = ("mod_cgi")
cgi.assign = ("/env" => "/bin/sh")
`,
  );
  const lighttpd = new Program('lighttpd', ['-D', '-f', config]);
  const address = { host: '127.0.0.1', port };
  await eventually('lighttpd to listen', async () => {
    try {
      (await connectTo(address)).destroy();
      return true;
    } catch {
      return false;
    }
  });
  return { address, stop: async () => void (await lighttpd.stop()) };
}

/** variables are the lines of `/env` by name. */
export function variables(body: string): ReadonlyMap<string, string> {
  return new Map(
    body.split('\n').flatMap((line) => {
      const equals = line.indexOf('=');
      return equals === -1 ? [] : [[line.slice(0, equals), line.slice(equals + 1)] as const];
    }),
  );
}
