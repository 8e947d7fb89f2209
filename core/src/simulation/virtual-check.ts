/**
 * VirtualCheck: health checks of every kind, answered by virtual servers. Main thread.
 *
 * Its results settle within the moment that they come in, not a turn of the event loop later, as virtual time does not wait.
 */
import type { HealthCheck, ProbeResult } from '../plugin/health-check.ts';
import type { VirtualServer } from './virtual-server.ts';

type Settle = (result: ProbeResult) => void;

/** virtualCheck is the check of every server; `server` finds it by `backend/server`. */
export function virtualCheck(server: (path: string) => VirtualServer): HealthCheck {
  return {
    probe(target, _options, signal) {
      const visited = server(`${target.backend}/${target.server}`);
      // Of a promise the gateway's schedule needs no more than `then`.
      const probe = {
        // biome-ignore lint/suspicious/noThenProperty: it stands for a promise
        then(settle: Settle): void {
          const leave = visited.probe(settle);
          signal.addEventListener('abort', () => {
            leave();
            settle({ status: 'failed', reason: 'no answer in time' });
          });
        },
      };
      return probe as unknown as Promise<ProbeResult>;
    },
  };
}
