/**
 * A real Redis server that keeps nothing, on a free port. Test code.
 */
import type { DatabaseServer } from './mariadb.ts';
import { freePort, Program, temporaryFolder } from './program.ts';

/** startRedis starts one; `options` are more of its command line: `--requirepass`, `…`. */
export async function startRedis(...options: string[]): Promise<DatabaseServer> {
  const port = await freePort();
  const program = new Program('redis-server', [
    ...['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', temporaryFolder()],
    ...options,
  ]);
  await program.listening(port);
  return { address: { host: '127.0.0.1', port }, program };
}
