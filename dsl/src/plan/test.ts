/**
 * TestPlan: a `test` block: a request or a connection, and what should become of it. Read by the tools only; no plane runs it.
 */
import type { Place } from './place.ts';

/**
 * TestRequest is written as people do: `GET https://www.example.com/admin/x`, or for a connection
 * `tcp to :443 sni www.example.com alpn h2`, from an address.
 */
export interface TestRequest {
  readonly line: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly ip: string;
  /** Fields of what the handshake of TLS or a PROXY header would say, by name. Default: they say nothing. */
  readonly given?: GivenFields;
}

/** GivenFields are the values of fields, by name; lists for fields of many values. */
export type GivenFields = Readonly<Record<string, string | readonly string[]>>;

/** Expectation is one thing that should become of the request. */
export type Expectation =
  /** It is sent to some backend. */
  | { readonly kind: 'allow'; readonly place: Place }
  /** It is refused: status null is any from 400 on; `by` names a definition or list that the deciding rule uses. */
  | { readonly kind: 'deny'; readonly status: number | null; readonly by: string | null; readonly place: Place }
  | { readonly kind: 'redirect'; readonly status: number | null; readonly location: string; readonly place: Place }
  | { readonly kind: 'send'; readonly backend: string; readonly place: Place }
  /** A request header as the server gets it; null: it gets none. */
  | { readonly kind: 'header'; readonly name: string; readonly value: string | null; readonly place: Place };

export interface TestPlan {
  readonly name: string;
  readonly request: TestRequest;
  /** The listener that takes the request; null: the one on its port, or the only one. */
  readonly listener: string | null;
  readonly expect: readonly Expectation[];
  readonly place: Place;
}
