/**
 * Route: one row of the admin API: what it takes, what it answers and what it does. The server and the OpenAPI document are
 * both made of these rows. Main thread.
 */
import type { ServerResponse } from 'node:http';
import type { Gateway } from '../control/gateway.ts';

/** Schema is a JSON Schema. */
export type Schema = Readonly<Record<string, unknown>>;

/** RouteRequest is what a handler is given, checked by the route's schemas. */
export interface RouteRequest {
  readonly gateway: Gateway;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** Sends an answer of the route's own kind; the handler then returns undefined. */
  stream(begin: (response: ServerResponse) => void): void;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH';
  /** With `{name}` for a part that varies. */
  readonly path: string;
  /** The operation's id. */
  readonly id: string;
  readonly doc: string;
  readonly body?: Schema;
  /** By name. Their values are texts: patterns say what they may be. */
  readonly query?: Readonly<Record<string, Schema>>;
  /** The answer's schema, or its media type where it is no JSON. */
  readonly answer: Schema | { readonly mediaType: string };
  /** The statuses of refusals that only this route has, with when they come. */
  readonly refusals?: Readonly<Record<number, string>>;
  handle(request: RouteRequest): unknown;
}
