/**
 * NamedServer is a backend that is a process of its own, so that it can be killed: it answers everything with its name,
 * and with the request's X-Generation, so that a test can see which rules a request went through.
 *
 * This file is also that program: node named-server.ts NAME PORT. Test code.
 */
import { createServer } from 'node:http';
import { Program } from './program.ts';
import type { Address } from './wire.ts';

export interface NamedServer {
  readonly name: string;
  readonly address: Address;
  readonly program: Program;
}

/** startNamedServer starts one, on a port of its own choice unless told. */
export async function startNamedServer(name: string, port = 0): Promise<NamedServer> {
  const program = new Program(process.execPath, [import.meta.filename, name, String(port)]);
  const [, bound] = await program.printed(/listening on (\d+)/);
  return { name, address: { host: '127.0.0.1', port: Number(bound) }, program };
}

if (import.meta.main) {
  const [name, port] = process.argv.slice(2);
  const server = createServer((request, response) => {
    request.resume();
    response.setHeader('X-Generation', request.headers['x-generation'] ?? 'none');
    request.on('end', () => response.end(name));
  });
  server.keepAliveTimeout = 60_000;
  server.listen(Number(port), '127.0.0.1', () =>
    console.log(`listening on ${(server.address() as { port: number }).port}`),
  );
}
