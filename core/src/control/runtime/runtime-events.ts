/**
 * RuntimeEvents: what happens while a gateway runs, by name. Main thread; types only, and which of them embedders see.
 */
import type { CertificateEvent } from '../../plugin/certificate-source.ts';
import type { CircuitEvent } from '../health/circuits.ts';
import type { DrainedEvent } from '../health/drains.ts';
import type { FallBackEvent } from '../health/fall-back-watch.ts';
import type { AdminEvent, SetEvent } from '../health/server-handle.ts';
import type { ServerEvent } from '../health/server-states.ts';
import type { DiscoveryEvent } from '../members/discovery-source.ts';
import type { ThreadLoss } from '../threads/thread-pool.ts';

/** ThreadEvent: a data thread was lost, or another one has taken its place. */
export type ThreadEvent =
  | ({ readonly event: 'lost' } & ThreadLoss)
  | { readonly event: 'replaced'; readonly thread: number };

export interface RuntimeEvents {
  server: ServerEvent;
  circuit: CircuitEvent;
  admin: AdminEvent;
  set: SetEvent;
  drained: DrainedEvent;
  fallBack: FallBackEvent;
  discovery: DiscoveryEvent;
  certificate: CertificateEvent;
  thread: ThreadEvent;
  /** The last older generation has retired: plugins that only it used may stop. */
  settled: undefined;
}

/** The events that embedders can listen to, under the same names. */
export const PUBLIC_EVENTS = [
  'server',
  'circuit',
  'admin',
  'set',
  'drained',
  'fallBack',
  'discovery',
  'certificate',
  'thread',
] as const satisfies readonly (keyof RuntimeEvents)[];
