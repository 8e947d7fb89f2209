/**
 * Route: an operation of the admin API with the function that carries it out. Main thread.
 */
import type { ServerResponse } from 'node:http';
import type { Gateway } from '../control/gateway.ts';
import type { Metrics } from './metrics.ts';
import type { BodyOf, Operation, OperationId, ParamsOf, QueryOf } from './operations.ts';

/** RouteRequest is what a handler is given, checked by the operation's schemas. */
export interface RouteRequest<Id extends OperationId = OperationId> {
  readonly gateway: Gateway;
  readonly metrics: Metrics;
  readonly params: ParamsOf<Id>;
  readonly query: QueryOf<Id>;
  readonly body: BodyOf<Id>;
  /** The name of the caller's token; null: none was asked for. */
  readonly caller: string | null;
  readonly ifMatch: string | undefined;
  /** Sends an ETag with the answer. */
  setTag(tag: string): void;
  /** Adds to the audit line of the request. */
  record(details: object): void;
  /** Sends an answer of the route's own kind; the handler then returns undefined. */
  stream(begin: (response: ServerResponse) => void): void;
}

/** CheckedRequest is a request whose parts the server has validated, before it is known which operation's they are. */
export interface CheckedRequest {
  readonly gateway: Gateway;
  readonly metrics: Metrics;
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly caller: string | null;
  readonly ifMatch: string | undefined;
  setTag(tag: string): void;
  record(details: object): void;
  stream(begin: (response: ServerResponse) => void): void;
}

export interface Route extends Operation {
  /** The operation's id. */
  readonly id: OperationId;
  handle(request: CheckedRequest): unknown;
}
