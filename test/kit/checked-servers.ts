/**
 * CheckedServers: servers that answer with their names, and whose health checks can be made to fail. Test code.
 */
import type { TestContext } from 'node:test';
import { answering, ok, RawServer } from './raw-server.ts';

export const CHECKED_NAMES = ['one', 'two', 'three'];

/** startCheckedServers starts three, and returns their lines for a backend. Checks of `/healthz` fail of those that are in `sick` at that time. */
export async function startCheckedServers(t: TestContext, sick: ReadonlySet<string> = new Set()): Promise<string[]> {
  const site = (name: string) =>
    answering(({ target }) =>
      target === '/healthz' && sick.has(name) ? 'HTTP/1.1 503 Sick\r\nContent-Length: 0\r\n\r\n' : ok(name),
    );
  const servers = await Promise.all(CHECKED_NAMES.map((name) => RawServer.start(site(name))));
  t.after(() => Promise.all(servers.map((server) => server.stop())));
  return CHECKED_NAMES.map((name, index) => `server ${name} 127.0.0.1:${servers[index]!.address.port}`);
}
