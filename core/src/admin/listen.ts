/**
 * Listen: binds the admin API's server. Main thread.
 */
import type { ListenOptions, Server } from 'node:net';
import { codeOf } from '../control/report/errors.ts';

/** What systems say that cannot bind one port for several processes. */
const CANNOT_SHARE: ReadonlySet<string> = new Set(['ENOTSUP', 'EINVAL', 'ENOPROTOOPT', 'ERR_INVALID_ARG_VALUE']);

/** listenOn resolves when the server listens. Rejects with the system's error. */
export function listenOn(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** listenShared binds so that the next version's process can bind the same port before this one leaves it, where the system can do that. */
export async function listenShared(server: Server, options: ListenOptions): Promise<void> {
  try {
    await listenOn(server, { ...options, reusePort: true });
  } catch (thrown) {
    if (!CANNOT_SHARE.has(codeOf(thrown) ?? '')) throw thrown;
    await listenOn(server, options);
  }
}
