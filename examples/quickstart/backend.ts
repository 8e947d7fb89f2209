/**
 * One demo backend: a small HTTP server in a process of its own, so that it can be killed. Started by demo.ts with its name and
 * port; says over IPC which port it is on, or why it is on none; ends when its parent does.
 */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** BackendReport is what a backend tells its parent once. */
export type BackendReport = { readonly port: number } | { readonly problem: string };

const name = process.argv[2] ?? 'backend';
const port = Number(process.argv[3] ?? 0);

const server = createServer((request, response) => {
  if (request.url === '/login') response.setHeader('Set-Cookie', `sid=${randomUUID()}; Path=/; HttpOnly`);
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.end(request.url === '/healthz' ? 'healthy\n' : `hello from ${name} (process ${process.pid})\n`);
});

server.once('error', (error: NodeJS.ErrnoException) => {
  const problem = error.code === 'EADDRINUSE' ? `port ${port} is taken` : error.message;
  process.send?.({ problem } satisfies BackendReport, () => process.exit(1));
});
server.listen(port, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port } satisfies BackendReport);
});

process.on('disconnect', () => process.exit());
// Ctrl-C goes to the whole group of processes; the parent ends its backends itself.
process.on('SIGINT', () => {});
