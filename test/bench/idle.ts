/**
 * Idle: what a keep-alive client costs that has made one request and stays. Benchmark code.
 *
 * The clients are one process of their own on the load's core (this file, run as a program), which opens the connections
 * from several loopback addresses, sends a request on each, prints `open` when all are answered, and waits to be ended.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { settled } from '../kit/index.ts';
import { LOAD_CORE, pinned } from './pinned.ts';
import { residentBytes } from './usage.ts';

/** idleBytes is the growth of a proxy's resident memory for each idle client. */
export async function idleBytes(pid: number, port: number, clients: number): Promise<number> {
  const before = await calm(pid);
  const program = pinned(LOAD_CORE, process.execPath, [import.meta.filename, String(port), String(clients)]);
  try {
    await program.printed(/^open$/m, 60_000);
    return ((await calm(pid)) - before) / clients;
  } finally {
    await program.stop();
  }
}

/** calm waits until resident memory stands still to within 1 MiB for a second, so that what is freed late is not counted. */
async function calm(pid: number): Promise<number> {
  await settled(() => Math.round(residentBytes(pid) / 1_048_576), 50);
  return residentBytes(pid);
}

async function openClients(port: number, clients: number): Promise<void> {
  const atOnce = 50;
  let next = 0;
  const worker = async () => {
    while (next < clients) {
      const source = `127.0.0.${2 + (next++ % 8)}`;
      const socket = connect({ port, host: '127.0.0.1', localAddress: source });
      await once(socket, 'connect');
      socket.write('GET /small HTTP/1.1\r\nHost: idle\r\n\r\n');
      await once(socket, 'data');
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  console.log('open');
}

if (import.meta.main) {
  const [port, clients] = process.argv.slice(2).map(Number);
  await openClients(port!, clients!);
  setInterval(() => {}, 1 << 30);
}
