/**
 * Endpoint: one server as requests reach it from one event loop. Data plane.
 */
import type { Address, BackendPlan } from '@sluice/dsl/plan';
import type { NameTable } from '../../shared/tables/name-table.ts';
import type { Loop } from '../loop/loop.ts';
import type { AttemptedExchange } from '../sides/attempted-exchange.ts';
import type { ServerSide } from '../sides/server-side.ts';
import type { LinkedServerTls } from './server-tls.ts';

export interface Endpoint {
  readonly slot: number;
  readonly address: Address;
  /** Its host is a name, whose addresses the loop knows. */
  readonly isNamed: boolean;
  /** Tells endpoints apart. */
  readonly key: string;
  /**
   * attempt has a request sent to the server, over a kept connection if there is a good one. `isRepeatable`: it may be sent
   * again, so that any will do; `needsNew`: a kept one has just turned out to be dead.
   */
  attempt(exchange: AttemptedExchange, loop: Loop, isRepeatable: boolean, needsNew: boolean): ServerSide;
  /** onNamesChanged: the server's name has other addresses. What goes to one that it has no more ends when nothing is open on it. */
  onNamesChanged(names: NameTable): void;
  /** flush closes the idle connections: the server has been found dead, so none of them is worth a try. */
  flush(): void;
  /** retire closes idle connections now and busy ones after their answer. */
  retire(): void;
  /** revive: connections are kept again. */
  revive(): void;
}

/** Where a generation finds servers: connections and counts that outlive it. `tls`: how TLS is spoken to them; null: it is not. */
export type Endpoints = (
  slot: number,
  server: BackendPlan['servers'][number],
  backend: string,
  tls: LinkedServerTls | null,
) => Endpoint;
