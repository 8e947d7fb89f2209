/**
 * FreePort: a port for what cannot be given port 0.
 */
import { createServer } from 'node:net';

/** Below the ports that systems take for connections that begin here, which may take any of those at any moment. */
const FIRST_PORT = 20_000;
const PORTS = 12_000;

/** Nobody gets one that somebody else has and does not listen on yet. */
const given = new Set<number>();

/**
 * freePort resolves to a port of 127.0.0.1 that nothing listens on now, for programs that cannot say which one they got for 0. Use port
 * 0 wherever it can be used.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
