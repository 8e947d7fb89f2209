/**
 * DataEntry: the functions a plugin gives to data threads. Every export is optional; keys are the names that the manifest
 * declared. Hot path: everything here is synchronous, cheap, and must not throw or wait.
 *
 * A function that throws is contained: a guard fails closed with 500, a balancer falls back to no server (503); it is
 * counted and logged with the plugin's name. One that never returns costs its thread, which the gateway replaces.
 */

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { FieldReader, MapLookup, RequestFacts, TlsFacts } from '@sluice/dsl/match';
import type { Address, Args, Template } from '@sluice/dsl/plan';
import type { ClientHello } from './client-hello.ts';
import type { RateTable } from './rate-table.ts';
import type { ServerPool, StickyPool } from './server-pool.ts';
import type { ServiceFactory } from './service.ts';
import type { StickTable } from './stick-table.ts';
import type { TraceExporterFactory } from './trace-exporter.ts';

/** Answer is what a verdict sends in place of a server's answer. Header names as they should be sent. */
export interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Text (sent as UTF-8), or null for the standard answer of the status. */
  readonly body: string | null;
}

/** FieldEditor changes the fields of a head on its way through. Names are compared without case. */
export interface FieldEditor {
  set(name: string, value: string): void;
  add(name: string, value: string): void;
  remove(name: string): void;
}

/**
 * RequestEditor changes a request on its way to the server: its fields, its path and its query. What it reads is the
 * request with the changes so far; facts stay as they were received.
 */
export interface RequestEditor extends FieldEditor {
  /** Normalised and percent-encoded, always begins with `/` (or is `*` for OPTIONS, which cannot be changed). */
  readonly path: string;
  /** Without the `?`; empty when there is none. */
  readonly query: string;
  /**
   * setPath takes any text: what is not allowed in a path is percent-encoded, slashes are merged and dot segments resolved, as the listener
   * has its paths. A path that it refuses (an encoded slash where it allows none, a backslash, NUL) refuses the request with 400.
   */
  setPath(path: string): void;
  /** setQuery takes any text; what is not allowed in a query is percent-encoded. Empty: no query. */
  setQuery(query: string): void;
  /** The values of a field; undefined when it is absent. */
  header(name: string): string | readonly string[] | undefined;
}

/** What a rule does once its condition matched; made once per rule when a plan is linked. */
export type Action =
  /** Ends the guards: `allow`. */
  | { readonly kind: 'pass' }
  | { readonly kind: 'answer'; answer(facts: RequestFacts): Answer }
  /** Answers if it must, as a limit does; null lets the request go on to the next guard. */
  | { readonly kind: 'check'; check(facts: RequestFacts): Answer | null }
  /** The backend's index, from `Linker.backend`; -1 lets the request go on to the next route. */
  | { readonly kind: 'route'; route(facts: RequestFacts): number }
  /** Changes fields, of a request or of an answer. */
  | { readonly kind: 'change'; change(facts: RequestFacts, fields: FieldEditor): void }
  /** Changes what only a request has. */
  | { readonly kind: 'request change'; change(facts: RequestFacts, request: RequestEditor): void };

/** Linker turns the plan's names into what runs in this thread. */
export interface Linker {
  /** The index of a backend; throws for a name that is not in the plan. */
  backend(name: string): number;
  /** A template as a function. CR, LF and NUL in its values never come through (they become spaces). */
  template(template: Template): (facts: RequestFacts) => string;
  /** A map's look-up; backends are answered as their indexes. Throws for a name that is not in the plan. */
  map(name: string): MapLookup;
  /** The rates of all threads. */
  readonly rates: RateTable;
  /** Names the rule in tables: the same rule of a listener keeps it over reloads, and no other rule has it. */
  readonly scope: string;
}

export type VerbFactory = (args: Args, linker: Linker) => Action;

/**
 * Balancer picks a server for each attempt. The pool already leaves out servers that are down, draining, full or tried
 * before by the same request, so a retry is just another pick.
 */
export interface Balancer {
  /** pick returns the index of a server for which `pool.isUsable` is true, or -1. The gateway then opens a request on it. */
  pick(facts: RequestFacts, pool: ServerPool): number;
  /**
   * ended is called when a request that this thread opened on a server has ended, well or not. Strategies that read open counts
   * when they pick need it not.
   */
  ended?(index: number, pool: ServerPool): void;
  /**
   * answered is called when the head of an answer has come, `ms` after the request was sent; with status 0 when there was none:
   * the server refused, broke off, or took too long. Not called for what was sent before the server last came back.
   */
  answered?(index: number, pool: ServerPool, ms: number, status: number): void;
  /**
   * inherit is called at the switch to a new generation in which the backend has the same strategy: `before` is the one that
   * served until now, with its pool. Slots say which server is which. Takes over turns, so that a reload begins nothing anew.
   */
  inherit?(before: Balancer, pool: ServerPool, poolBefore: ServerPool): void;
  /**
   * explain says how the strategy sees this request, for `sluice explain`. Called on the main thread, on an instance of its own
   * that has picked nothing; not on the hot path.
   */
  explain?(facts: RequestFacts, pool: ServerPool): BalanceExplanation;
}

/** BalanceExplanation is for people. */
export interface BalanceExplanation {
  /** The server that gets the request; -1 when turns or chance decide. */
  readonly picked: number;
  /** What speaks for or against a usable server: `3 open of weight 2`. One phrase, lower case, without a full stop. */
  why(index: number): string;
}

/** `options` are the component's arguments. */
export type BalancerFactory = (pool: ServerPool, options: Args) => Balancer;

/** Stickiness sends a client back to the server it had. One is made for each backend when a plan is linked. */
export interface Stickiness {
  /**
   * A cookie that is the gateway's own. It is taken out of the request before a server sees it; rules, which read requests
   * as they were received, do see it. Default: none.
   */
  readonly ownCookie?: string;
  /** `learn` is called for every answer, also when the client is where it belongs and no cookie is set. Default: false. */
  readonly isRenewing?: boolean;
  /** find returns the server's index in the pool, or -1. The server may be unusable; the gateway decides what then. */
  find(facts: RequestFacts, pool: StickyPool): number;
  /**
   * learn is called when the head of a final answer (or a 101) has come, before it is sent on, unless the client was found
   * to belong to this server and the answer sets no cookie. `setCookies` are the values of its Set-Cookie fields, in order
   * (a shared empty array when there are none). It may return the value of another Set-Cookie field to add, in latin1 and
   * without CR or LF, or ''. Rules of `on response` that remove or set Set-Cookie take that one out too.
   */
  learn(facts: RequestFacts, pool: StickyPool, server: number, setCookies: readonly string[]): string;
  /**
   * describe says, for people who ask `explain`, by what a client is known, or why not: `cookie sid`, `it brought no cookie
   * sid`. Never a value that could be used in the client's place. Main thread.
   */
  describe?(facts: RequestFacts, pool: StickyPool): string;
}

/** StickHost is what a stickiness is given. */
export interface StickHost {
  readonly backend: string;
  readonly pool: StickyPool;
  /** The backend's entries. */
  readonly table: StickTable;
  /**
   * 32 random bytes, the same in all threads and over reloads, and after a restart where the gateway keeps its state (`state in`, or a
   * hand-over). Never show it.
   */
  readonly processSecret: Uint8Array;
  /** countRefused counts a client's key that was not believed, such as a forged cookie; shown as `refused`. */
  countRefused(): void;
}

export type StickinessFactory = (options: Args, host: StickHost) => Stickiness;

/** TlsMode takes over accepted connections of a listener. */
export interface TlsMode {
  /**
   * The mode wants to know what the client says first; without, `accept` is called before anything has come. Asked for each
   * connection. Default: false.
   */
  readonly needsHello?: boolean;
  /**
   * accept returns the stream that speaks HTTP, at once: it may still be shaking hands, and closes when that fails or takes
   * too long. `hello` is null when the mode needs none, or when the client's first bytes are no TLS; the bytes are still in the
   * socket. Returns null for a client that may not come in, which is closed; so does a throw, which counts as an error.
   */
  accept(socket: Socket, hello: ClientHello | null): Socket | null;
  /**
   * refuses: `accept` lets nobody in who asks for this name (lower case; empty: for none). Requests on connections that were opened by
   * another name are then not answered for such a host either: they get 421. null, the default: every name is let in.
   */
  readonly refuses?: ((name: string) => boolean) | null;
  /**
   * facts says what is known of a stream that `accept` returned, once its handshake has ended: asked at most once, and only when
   * a rule, a header or a log wants to know. A mode that has it returns streams that emit `secure` when the handshake has ended, at once and
   * before anything can be read. Default: nothing is known.
   */
  facts?(stream: Socket): TlsFacts | null;
}

/**
 * CertificateProofs prove to an authority, on behalf of a source of certificates, that a name leads here. Hot path: asked for each
 * request whose path begins with `path`, and for each client that offers `protocol`.
 */
export interface CertificateProofs {
  /** Requests under this path are shown to `answer` before any rule sees them; null: none are. */
  readonly path: string | null;
  /** answer returns what the authority wants to read, or null for a request that is none of its own: rules judge it. */
  answer(facts: RequestFacts): Answer | null;
  /** isExpecting: an authority may come now. Without, nobody is looked at more closely than needs be. Asked for each connection. */
  isExpecting(): boolean;
  /** An application protocol (ALPN, RFC 7301) with which the authority comes to a TLS listener; null: it does not. */
  readonly protocol: string | null;
  /** certificate returns what the authority wants to be shown for a name, PEM, certificate and key, or null. */
  certificate(name: string): string | null;
}

/** ProofHost is what proofs are made from. */
export interface ProofHost {
  /** The text that the source has posted under a key; null: there is none. */
  notice(key: string): string | null;
  /** Something is posted, by whatever source. Costs next to nothing. */
  hasNotices(): boolean;
}

export type CertificateProofsFactory = (host: ProofHost) => CertificateProofs;

/** TlsHost is what a TLS mode is given. */
export interface TlsHost {
  /** Of the sources that keep certificates for the listener. Default: none. */
  readonly proofs?: readonly CertificateProofs[];
  /** The listener's name. */
  readonly listener: string;
  /**
   * 32 random bytes, the same in all threads and over reloads, and in a process that takes over from this one; never written to disk, so
   * that a restart makes others. Never show it.
   */
  readonly processSecret: Uint8Array;
  /** What may be spoken on the stream, for ALPN, the first choice first; empty: what it is, is not known here. */
  readonly protocols: readonly string[];
  /** refused counts a client of this socket (as `accept` got it) that does not come in, and logs why, now and then. Reasons should be few. */
  refused(socket: Socket, reason: string): void;
}

export type TlsModeFactory = (options: Args, host: TlsHost) => TlsMode;

/** TlsServer is the server at the other end of a connection. */
export interface TlsServer {
  readonly backend: string;
  /** The server's name in its backend. */
  readonly name: string;
  readonly address: Address;
}

/** ServerTls speaks TLS to the servers of one backend. It lives over reloads for as long as its options stay the same. */
export interface ServerTls {
  /**
   * secure begins a handshake on a connection that stands, and returns the stream at once, as `tls.connect` does. The stream
   * emits `secureConnect` when the handshake has ended and the server is who it should be; it is destroyed with an error when
   * not. Nothing is sent before. The time is bounded by the backend's `timeout connect`. `server` is the same object for all
   * connections to a server; `protocols` are those to offer by ALPN (RFC 7301), none where what is spoken is not known. What it
   * throws counts as a failed handshake.
   */
  secure(socket: Socket, server: TlsServer, protocols: readonly string[]): TLSSocket;
}

/** Called in data threads; and on the main thread, for probes. */
export type ServerTlsFactory = (options: Args) => ServerTls;

/** ErrorAnswerFactory makes the answers that the gateway gives by itself: 400, 404, 502, 503… Called once a status. */
export type ErrorAnswerFactory = (options: Args) => (status: number) => Answer;

export interface DataEntry {
  /** What `traces to NAME` reports to. */
  readonly traceExporters?: Readonly<Record<string, TraceExporterFactory>>;
  readonly fields?: Readonly<Record<string, FieldReader>>;
  readonly verbs?: Readonly<Record<string, VerbFactory>>;
  readonly balancers?: Readonly<Record<string, BalancerFactory>>;
  readonly stickiness?: Readonly<Record<string, StickinessFactory>>;
  readonly tlsModes?: Readonly<Record<string, TlsModeFactory>>;
  /** For the sources of certificates, by their names: how they prove that a name leads here. */
  readonly certificateProofs?: Readonly<Record<string, CertificateProofsFactory>>;
  /** Components of the slot `server tls`. */
  readonly serverTls?: Readonly<Record<string, ServerTlsFactory>>;
  /** What `serve NAME` answers with. */
  readonly services?: Readonly<Record<string, ServiceFactory>>;
  readonly errorAnswers?: Readonly<Record<string, ErrorAnswerFactory>>;
}
