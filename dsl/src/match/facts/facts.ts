/**
 * RequestFacts: what conditions, templates, balancers and stickiness may know of a request, as it was received. Hot path.
 *
 * The data plane implements it over the bytes of a live request, `explain` and `test` over a written one; both give the
 * same values for the same request. Nothing here changes while a request lives.
 *
 * Each request has an object of its own, the same one for all functions of all plugins, so it may be the key of a Map or WeakMap.
 * Once the request has ended, asking it for anything throws.
 */
import type { IpAddress } from '../address/ip-address.ts';

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
  /** The TLS that ends in the gateway. null or left out: there is none, or it is not opened. */
  readonly tls?: TlsFacts | null;
  /** What the PROXY header said besides addresses. null or left out: there was none, or from nobody who is believed. */
  readonly proxied?: ProxiedFacts | null;
  readonly method: string;
  /** In the one form of names (host.ts): lower case, without port, final dot, and brackets around IPv6. Empty for an HTTP/1.0 request without Host. */
  readonly host: string;
  /**
   * In the listener's one form (path.ts): printable ASCII that begins with `/` (or is `*` for OPTIONS). Other bytes are escapes with capital
   * digits, in whatever encoding they are: `/caf%E9`.
   */
  readonly path: string;
  /** Without the `?`; empty when there is none. */
  readonly query: string;
  /** 32 lower-case hexadecimal digits, unique to the request. */
  readonly id: string;
  /** The ID of its trace, 32 lower-case hexadecimal digits. Empty or left out: requests are not traced (`trace` in `settings`). */
  readonly traceId?: string;
  /** Values of a header by lower-case name, in order; undefined when absent; a string when there is just one. */
  header(name: string): string | readonly string[] | undefined;
  /**
   * memo keeps something during this request: `make` is called the first time that the key is asked for, by whatever function,
   * and what it returned is what everybody gets. All plugins see the same keys, so use an object or a symbol of your own.
   */
  memo<Value>(key: unknown, make: () => Value): Value;
}

/** TlsFacts is the TLS of a connection, once its handshake has ended: the same object for all requests on it. */
export interface TlsFacts {
  /** `1.0` to `1.3`. */
  readonly version: string;
  /** As OpenSSL calls it, such as `TLS_AES_128_GCM_SHA256`. */
  readonly cipher: string;
  /** The protocol that was agreed upon; empty: none was. */
  readonly alpn: string;
  /** The name that the client asked for, in lower case; empty: it named none. */
  readonly serverName: string;
  /** The client came back with a session of an earlier connection. */
  readonly isResumed: boolean;
  /** null: the client showed none. */
  readonly certificate: CertificateFacts | null;
}

/**
 * CertificateFacts is a client's certificate. All texts can stand in a header or a log as they are: what is not printable ASCII, backslashes,
 * and blanks at either end are `\\` and two hexadecimal digits for each byte of UTF-8.
 */
export interface CertificateFacts {
  /** Why it is not good, such as `expired`; empty: it is. Whoever shows one that is not good may have written anything into it. */
  readonly problem: string;
  /** RFC 4514: the most specific part first, `CN=ann,O=Example`. */
  readonly subject: string;
  /** The most specific common name; empty: there is none. */
  readonly commonName: string;
  readonly issuer: string;
  /** Of the subject's alternative names, in lower case; a comma in any of them is `\2C`. */
  readonly dnsNames: readonly string[];
  readonly emails: readonly string[];
  readonly uris: readonly string[];
  /** Hexadecimal digits, lower case. */
  readonly serial: string;
  /** SHA-256 of the certificate as 64 hexadecimal digits, lower case. */
  readonly fingerprint: string;
  /** Until when it is good: `2027-01-31T00:00:00Z`. */
  readonly expires: string;
  /** der is the certificate itself, as base64. */
  der(): string;
}

/** ProxiedFacts is what a PROXY header of version 2 says besides addresses. Texts are empty where it does not say. */
export interface ProxiedFacts {
  readonly alpn: string;
  /** The name that the client asked for by SNI, in lower case. */
  readonly authority: string;
  /** At most 128 bytes, as hexadecimal digits. */
  readonly uniqueId: string;
  /** The client spoke TLS with the proxy before us; null: it did not, or the proxy does not say. */
  readonly tls: ProxiedTls | null;
}

export interface ProxiedTls {
  /** Such as `TLSv1.3`. */
  readonly version: string;
  readonly cipher: string;
  readonly hasClientCertificate: boolean;
  /** The client showed a certificate, and the proxy found it good. */
  readonly isVerified: boolean;
  /** The common name of the client's certificate. */
  readonly commonName: string;
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

/**
 * EndFacts is what the condition of an access log may know: a request that has ended, and how. Readers of fields of the phase `ended` are given
 * nothing else. `status` is 0 for a request that got no response; of its headers, `answerHeader` knows those that the condition names.
 */
export interface EndFacts extends ResponseFacts {
  /** From the end of the request's head to its end, in milliseconds. */
  readonly durationMs: number;
  /** Attempts after the first. */
  readonly retries: number;
  /** The backend that it was sent to; undefined: none. */
  readonly backend: string | undefined;
  /** The server that answered, or was tried last; undefined: there was none. */
  readonly server: string | undefined;
  /** Who ended it, if it went wrong; undefined: it did not. */
  readonly endedBy: 'client' | 'server' | 'gateway' | undefined;
}

/**
 * FactValue is what a field reader returns: undefined means absent, an array several values in order. Values are of the type that
 * the field's word declares: text for `text`, finite numbers for `number`, addresses or their text for `ip`. Any other value
 * counts as a failure of the reader.
 */
export type FactValue = string | number | IpAddress | readonly (string | number | IpAddress)[] | undefined;

/** FieldReader implements a FieldWord. Synchronous, cheap, without side effects. It may throw; guards then fail closed, as they do for a value of another type. */
export type FieldReader = (facts: RequestFacts, key: string | null) => FactValue;
