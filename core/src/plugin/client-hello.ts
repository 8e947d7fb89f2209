/**
 * ClientHello: what a TLS client says of itself before anything is encrypted. Data plane.
 */
export interface ClientHello {
  /** The name it asks for, in lower case; empty when it names none. */
  readonly sni: string;
  /** Protocols in the client's order, as they were sent (latin1). */
  readonly alpn: readonly string[];
}
