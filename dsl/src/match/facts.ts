/**
 * RequestFacts: what conditions, templates, balancers and stickiness may know of a request, as it was received. Hot path.
 *
 * The data plane implements it over the bytes of a live request, `explain` and `test` over a written one; both give the
 * same values for the same request. Nothing here changes while a request lives.
 */
import type { IpAddress } from './ip-address.ts';

export interface RequestFacts {
  /** The client: the peer, or the address that a trusted peer names. */
  readonly ip: IpAddress;
  /** The port the client connected to. */
  readonly port: number;
  readonly scheme: 'http' | 'https';
  /** The name that the client asked for in its TLS hello, in lower case. Empty or left out: it named none, or the hello was not read. */
  readonly sni?: string;
  /** The protocols that it offered there, in its order. Empty or left out: none, or the hello was not read. */
  readonly alpn?: readonly string[];
  readonly method: string;
  /** Lower case, without port and without brackets around IPv6. Empty for an HTTP/1.0 request without Host. */
  readonly host: string;
  /** Normalised, percent-encoded, always begins with `/` (or is `*` for OPTIONS). */
  readonly path: string;
  /** Without the `?`; empty when there is none. */
  readonly query: string;
  /** 32 lower-case hexadecimal digits, unique to the request. */
  readonly id: string;
  /** Values of a header by lower-case name, in order; undefined when absent; a string when there is just one. */
  header(name: string): string | readonly string[] | undefined;
}

/**
 * ResponseFacts is what rules inside `on response` may know: the request as it was received, and the head of its answer as
 * the server (or the gateway itself) made it. Readers of fields of the response phase are given nothing else.
 */
export interface ResponseFacts extends RequestFacts {
  readonly status: number;
  /** Values of the answer's header by lower-case name, as `header` gives those of the request. */
  answerHeader(name: string): string | readonly string[] | undefined;
}

/** FactValue is what a field reader returns: undefined means absent, an array several values in order. */
export type FactValue = string | number | IpAddress | readonly string[] | undefined;

/** FieldReader implements a FieldWord. Synchronous, cheap, without side effects. It may throw; guards then fail closed. */
export type FieldReader = (facts: RequestFacts, key: string | null) => FactValue;
