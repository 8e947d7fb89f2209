/**
 * ChaosServer is a backend that is a process of its own, to be killed and stopped as the test likes. Every request that reaches
 * it is written down before it is answered, in a file that outlives the process: `METHOD ID` a line.
 *
 *     /whole    its name, at once          /slow     its name, after some time
 *     /long     its name, in many pieces   /break    half an answer, then a reset
 *
 * This file is also that program: node chaos-server.ts NAME PORT FILE. Test code.
 */
import { openSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import { Program } from './program.ts';
import type { Address } from './wire.ts';

export interface ChaosServer {
  readonly name: string;
  readonly address: Address;
  readonly program: Program;
}

/** startChaosServer starts one; `port` 0 is one of its own choice. */
export async function startChaosServer(name: string, file: string, port = 0): Promise<ChaosServer> {
  const program = new Program(process.execPath, [import.meta.filename, name, String(port), file]);
  const [, bound] = await program.printed(/listening on (\d+)/);
  return { name, address: { host: '127.0.0.1', port: Number(bound) }, program };
}

/** The answer to /long, by the server's name. */
export function longBody(name: string): string {
  return name.padEnd(200_000, '.');
}

if (import.meta.main) {
  const [name = '', port, file = ''] = process.argv.slice(2);
  const log = openSync(file, 'a');
  const server = createServer((request, response) => {
    const id = request.headers['x-id'];
    if (id !== undefined) writeSync(log, `${request.method} ${id}\n`);
    request.resume();
    request.on('end', () => {
      response.setHeader('X-Server', name);
      if (request.url === '/slow') setTimeout(() => response.end(name), 50);
      else if (request.url === '/long') {
        const body = longBody(name);
        response.setHeader('Content-Length', body.length);
        for (let at = 0; at < body.length; at += 20_000) response.write(body.slice(at, at + 20_000));
        response.end();
      } else if (request.url === '/break') {
        response.setHeader('Content-Length', 1000);
        response.write('half', () => request.socket.resetAndDestroy());
      } else response.end(name);
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(Number(port), '127.0.0.1', () =>
    console.log(`listening on ${(server.address() as { port: number }).port}`),
  );
}
