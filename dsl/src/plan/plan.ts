/**
 * Plan: the contract between the rule language and the gateway. Plain, structured-clonable data that prints as JSON.
 *
 * Everything is resolved: names exist, values have their type and unit, defaults are filled in. An embedder may write
 * one without any text. Durations are milliseconds, sizes bytes, and a limit of 0 means none. Both planes.
 */
import type { AccessLogPlan } from './access-log.ts';
import type { ListPlan, MapPlan } from './list.ts';
import type { PathPolicy } from './path-policy.ts';
import type { Place } from './place.ts';
import type { Args, Rule } from './rule.ts';
import type { TestPlan } from './test.ts';
import type { IpSetTable, RuleIndex } from './value-table.ts';

export const PLAN_VERSION = 1;

/** ComponentUse names a plugin's component in a slot (a strategy, a kind of health check…) and its options. */
export interface ComponentUse {
  readonly slot: ComponentSlot;
  /** The component's name in its slot, such as `round-robin` or `on cookie`. */
  readonly name: string;
  readonly options: Args;
  readonly place: Place;
}

export type ComponentSlot =
  | 'balance'
  | 'stick'
  | 'check'
  | 'discovery'
  | 'tls'
  | 'server tls'
  | 'certificate'
  | 'certificates'
  | 'answer'
  | 'serve'
  | 'traces';

/** PluginUse is a `use NAME from "…"` line. `from` is as written; `url` is what it resolved to. */
export interface PluginUse {
  readonly name: string;
  readonly from: string;
  readonly url: string;
  readonly options: Args;
  readonly place: Place;
}

/**
 * Address is an IP or a name and a port, or a Unix socket. The host `::` is every address, IPv4 and IPv6, or with `isV6Only` every
 * IPv6 address; a link-local one has its interface behind it (`fe80::1%eth0`). A path that begins with `@` is a name that is no
 * file (Linux: an abstract socket).
 */
export type Address =
  | { readonly host: string; readonly port: number; readonly isV6Only?: true }
  | { readonly path: string };

export interface ListenerTimeouts {
  /**
   * From the first byte of a head to its end. Default 10 s. Answer: 408. Also how long a client may take for its TLS hello, where that is
   * read, and a proxy for its PROXY header; then the connection is closed without a word.
   */
  readonly headerMs: number;
  /** A keep-alive connection between two requests. Default 60 s. Closed without an answer. */
  readonly idleMs: number;
  /** A request body that has stopped moving. Default 30 s. Answer: 408. */
  readonly bodyMs: number;
  /** An answer that the client has stopped reading. Default 30 s. The connection is reset. */
  readonly clientMs: number;
}

export interface ListenerLimits {
  /** Longest request body. Default 0: none. Answer: 413. */
  readonly bodyBytes: number;
  /** Longest request head. Default 16 KiB. Answer: 431. */
  readonly headBytes: number;
  /** Longest request target. Default 8 KiB. Answer: 414. */
  readonly targetBytes: number;
  /** Most header fields in one head. Default 100. Answer: 431. */
  readonly headerCount: number;
  /** Most open connections of this listener, over all threads. Default 0: none. */
  readonly connections: number;
  /** Most open connections from one client, over all threads. Default 0: none. */
  readonly connectionsPerIp: number;
  /** What is one client there: the bits of IPv4 and of IPv6. Default 32, 64. */
  readonly connectionNetworks?: readonly [v4: number, v6: number];
  /** New connections of this listener in a time, over all threads: how many, and the milliseconds. Default: no limit. */
  readonly newConnections: readonly number[] | null;
  /** The same for each client. */
  readonly newConnectionsPerIp: readonly number[] | null;
  /** What is one client there: the bits of IPv4 and of IPv6. Default 32, 64. */
  readonly newConnectionNetworks?: readonly [v4: number, v6: number];
}

/** TrustedPeers are peers (CIDRs) that are believed when they say who the client is. */
export interface TrustedPeers {
  readonly trust: readonly string[];
  /** Lists from files whose entries are believed too. */
  readonly trustLists: readonly string[];
  /** In a data thread: all of `trust` and of the lists, which are left out then. */
  readonly table?: IpSetTable;
}

/** ClientIp: which header names the client, and which peers are believed. */
export interface ClientIp extends TrustedPeers {
  /** Lower case, such as `x-forwarded-for`. */
  readonly header: string;
  /**
   * Other forwarding fields of these peers that servers get as they came, in lower case, such as `x-forwarded-proto`. Default: none; those
   * that the gateway makes are made again, all others dropped.
   */
  readonly keep?: readonly string[];
}

/** ErrorPage is sent in place of the standard answers of some statuses, where the gateway itself answers. */
export interface ErrorPage {
  /** 400 to 599, or `'a..b'`. */
  readonly statuses: readonly (number | string)[];
  /** Absolute. */
  readonly file: string;
  readonly contentType: string;
  /** As loaded. `{status}` and `{request.id}` stand for themselves until it is sent. */
  readonly body: string;
  readonly place: Place;
}

export interface ListenerIndexes {
  readonly guards: RuleIndex | null;
  readonly changes: RuleIndex | null;
  readonly routes: RuleIndex | null;
  readonly responseChanges: RuleIndex | null;
}

export interface ListenerPlan {
  readonly name: string;
  readonly address: Address;
  /** More addresses that it listens on. Default: none. */
  readonly otherAddresses?: readonly Address[];
  /** How many connections may wait to be accepted; the system has a limit of its own. Default 4096. */
  readonly backlog?: number;
  /** The permissions of its socket files, such as 0o660. Default: as the process's mask has it. */
  readonly socketMode?: number;
  readonly protocol: 'http' | 'tcp';
  readonly tls: ComponentUse | null;
  /** Certificates that the gateway obtains and renews automatically, for `tls`. Default: none. */
  readonly certificates?: readonly ComponentUse[];
  readonly timeouts: ListenerTimeouts;
  readonly limits: ListenerLimits;
  readonly clientIp: ClientIp | null;
  /** Peers whose connections begin with a PROXY header. Default: nobody's do. */
  readonly proxies?: TrustedPeers;
  /** Clients are not spoken HTTP/2 with. Default false. */
  readonly isHttp1Only?: boolean;
  /**
   * Which request methods are taken. `standard`: those of RFC 9110 and RFC 5789. `any`: any, also with small letters; rules see them in
   * capitals. Default: any in capitals. Others get 501.
   */
  readonly methods?: 'standard' | 'any';
  /**
   * What becomes of a request without an answer once its client has ended its side: `abort` frees its server and its place in line at once.
   * Default: `abort` for http, `answer` for tcp.
   */
  readonly onHalfClose?: 'abort' | 'answer';
  /**
   * Header fields, in lower case, that rules fill with what is known of the connection (TLS, certificates, PROXY headers): those that clients
   * send are dropped from every request. Default: none.
   */
  readonly ownHeaders?: readonly string[];
  /**
   * Header fields, in lower case, that rules read or write. Fields whose names servers may take for one of these, such as `X_Team` for
   * `X-Team`, are dropped from every request. Default: none.
   */
  readonly judgedHeaders?: readonly string[];
  /** Servers are sent the client's certificate in Client-Cert (RFC 9440). Default false. */
  readonly forwardsCertificate?: boolean;
  /** What may stand in paths, and in which form rules compare them. Default: DEFAULT_PATHS. */
  readonly paths?: PathPolicy;
  readonly guards: readonly Rule[];
  readonly changes: readonly Rule[];
  /** The last one is the `otherwise`, with `when: null`. */
  readonly routes: readonly Rule[];
  /** `on response { … }` */
  readonly responseChanges: readonly Rule[];
  readonly errorPages: readonly ErrorPage[];
  /** What is written of its requests that have ended, in place of what the settings say; empty: nothing. Default: as the settings say. */
  readonly accessLogs?: readonly AccessLogPlan[];
  /** `tls passthrough to …`: routes for connections whose TLS is not opened here, judged before everything else. Default: none. */
  readonly passthroughs?: readonly Rule[];
  /** The TLS hello is read first, for rules that ask for what is in it. Default false. */
  readonly readsHello?: boolean;
  /** `tls passthrough`: all that comes has to be TLS, and is not opened. Only where the protocol is `tcp`. Default false. */
  readonly isPassthrough?: boolean;
  /** In a data thread: the indexes of the four lists of rules; null for one that is too short to need any. */
  readonly indexes?: ListenerIndexes;
  readonly place: Place;
}

export interface ServerPlan {
  readonly name: string;
  readonly address: Address;
  /** 0 to 256, default 1; 0 takes no new requests. */
  readonly weight: number;
  /** Most requests at once, over all threads; 0: no limit. */
  readonly max: number;
  /** Most requests that wait for it because their clients belong to it, over all threads; 0: no limit. Others go elsewhere. */
  readonly queue: number;
  readonly isBackup: boolean;
  /** What found it, as the rules say it: `dns app.internal port 8080`. Absent: it is written in the rules. */
  readonly source?: string;
  readonly place: Place;
}

/** DiscoveryPlan: servers that are not written down but found. The component finds them; the policy says who may come and go. */
export interface DiscoveryPlan {
  readonly use: ComponentUse;
  /** The line without `servers from`: what people know it by. Unique in its backend. */
  readonly source: string;
  /** For servers whose source says nothing of it. Default 1. */
  readonly weight: number;
  /** The same. Default 0: no limit. */
  readonly max: number;
  /** True: all of them are backups. Default false. */
  readonly isBackup: boolean;
  /** Most servers; an answer with more is refused as a whole. Default 1000, at most 10,000. */
  readonly most: number;
  /** How long a server stays that is missing from good answers. Null: what the component says. */
  readonly graceMs: number | null;
  /** How long the servers of the last good answer stay while there is none. 0: forever. Null: what the component says. */
  readonly keepMs: number | null;
  /** How long a start or a reload waits for the first answer. Default 5 s. */
  readonly waitMs: number;
  readonly place: Place;
}

export interface BackendTimeouts {
  /** Default 5 s. Answer: 503 after the last retry. */
  readonly connectMs: number;
  /** From the request's last byte to the answer's head, and between two pieces of the answer. Default 30 s. Answer: 504. */
  readonly responseMs: number;
  /** A pooled connection with nothing to do. Default 30 s. */
  readonly idleMs: number;
  /** A tunnel (WebSocket) in which nothing moves. Default 1 h. */
  readonly tunnelMs: number;
  /** Waiting for a full server. Default 5 s. Answer: 503. */
  readonly queueMs: number;
}

/** RetryPolicy: how often a request is sent again, where that is safe. Default 2 times, on connect-failure, another server. */
export interface RetryPolicy {
  readonly times: number;
  /** `connect-failure` covers refused, reset before any byte of the answer, and connect time-outs. Numbers: statuses. */
  readonly on: readonly ('connect-failure' | number)[];
  readonly isAnotherServer: boolean;
  /**
   * The most requests that are sent again, as a share (0 to 1) of the backend's requests of the last ten seconds, over all
   * threads. Default 0.2. Requests that no connection was made for do not count: no server has seen them.
   */
  readonly share: number;
  /** … or so many each second, where the share comes to fewer. Default 10. */
  readonly perSecond: number;
}

/** CheckPlan: the policy around a health check. The component makes one probe; the policy counts. */
export interface CheckPlan {
  readonly probe: ComponentUse;
  /** Default 2 s. */
  readonly intervalMs: number;
  /** The interval between the first result that differs and the change of state. Default 0: the same. */
  readonly changingMs: number;
  /** Default 1 s. */
  readonly timeoutMs: number;
  /** Failures in a row that stop a running server. Default 3. */
  readonly fall: number;
  /** Passes in a row that start a stopped server. Default 2. */
  readonly rise: number;
  /** Share of the interval, 0 to 1, by which each wait varies at random. Default 0.1. */
  readonly jitter: number;
  /** Port to probe in place of the server's own; 0: its own. */
  readonly port: number;
  /** The version of the PROXY header that each probe begins with; null: none. Default: the backend's, unless `port` is another. */
  readonly sendProxy: 'v1' | 'v2' | null;
  /** Probes speak no TLS although the backend does. Default: false. */
  readonly isPlain?: boolean;
}

/** FailurePlan: how many failed requests are too many. A failure is no answer, a bad one, or one of the statuses. */
export interface FailurePlan {
  /** So many in a row; 0: however many. */
  readonly failures: number;
  /** More than this share of the recent requests, 0 to 1; 0: however many. */
  readonly errorShare: number;
  /** So many recent requests are needed to say so. Default 20. */
  readonly requests: number;
  /** What is recent. Default 10 s. */
  readonly windowMs: number;
  /** Numbers and `'a..b'`. Default 502..504. */
  readonly statuses: readonly (number | string)[];
}

/** EjectPlan takes a server out for a while when it fails. */
export interface EjectPlan extends FailurePlan {
  /** The first time; the second time in a row twice as long, and so on. Default 10 s. */
  readonly timeMs: number;
  /** The longest time. Default 5 min. */
  readonly mostMs: number;
  /** The share of the servers that may be out, 0 to 1, whatever put them there. Default 0.5. */
  readonly mostShare: number;
}

/** CircuitPlan leaves the whole backend alone for a while when requests to it fail. */
export interface CircuitPlan extends FailurePlan {
  /** How long, until one request is tried. Default 5 s. */
  readonly openMs: number;
}

/** FallBack: where requests go while too few servers take new clients. */
export interface FallBack {
  /** A backend of the same plan. Never, over several steps, the one it begins at. */
  readonly to: string;
  /** Falls back while fewer servers than this take new clients. Default 1: while none does. */
  readonly below: number;
  readonly place: Place;
}

/** SendProxyPlan: what the PROXY header says that connections to servers begin with. */
export interface SendProxyPlan {
  readonly version: 'v1' | 'v2';
  /** The client's TLS, where it spoke any: name, protocol, version, cipher, certificate. Version 2 only, as are the others. */
  readonly hasTls: boolean;
  /** An identity of the client's connection. */
  readonly hasId: boolean;
  readonly hasChecksum: boolean;
}

export interface BackendPlan {
  readonly name: string;
  /**
   * Those that are written down; in the current generation, also those that were discovered, after them. Empty for a backend that
   * answers by itself.
   */
  readonly servers: readonly ServerPlan[];
  /** Where more servers are found. Default: nowhere. */
  readonly discoveries?: readonly DiscoveryPlan[];
  /** What answers in place of servers; null: servers do. */
  readonly serve: ComponentUse | null;
  /**
   * Set for a website that is known by its host name: its server gets this Host, and no cookies and credentials, which
   * belong to the site that it stands in for. null: servers get the Host that the client sent.
   */
  readonly siteHost: string | null;
  /** Its servers open TLS themselves: no request that the gateway has read may be sent there. Default false. */
  readonly isPassthrough?: boolean;
  readonly fallBack: FallBack | null;
  readonly balance: ComponentUse;
  readonly stick: ComponentUse | null;
  readonly check: CheckPlan | null;
  /** How TLS is spoken to its servers. Default: it is not. */
  readonly tls?: ComponentUse;
  /** Connections to its servers begin with a PROXY header. Default: they do not. */
  readonly sendProxy?: SendProxyPlan;
  /** What is spoken to its servers. Default: http1. WebSockets are http1 all the same. */
  readonly protocol?: 'http1' | 'http2';
  /** Its servers' answers may break HTTP's rules in ways that have one reading all the same. Default false. */
  readonly isLax?: boolean;
  readonly eject: EjectPlan | null;
  readonly circuit: CircuitPlan | null;
  readonly retry: RetryPolicy;
  /** What becomes of open requests and tunnels on a server that goes down. Default `keep`. */
  readonly onDown: 'keep' | 'close';
  readonly timeouts: BackendTimeouts;
  /** Most requests at once on all its servers, over all threads; default 0: no limit. */
  readonly max: number;
  /** Most requests that wait for a server with room, over all threads. Default 4096. Answer to more: 503. */
  readonly queue: number;
  /** How long a server that comes back takes to get its whole share; default 0: it has it at once. */
  readonly slowStartMs: number;
  readonly place: Place;
}

/** AdminPlan: where the admin API listens. */
export interface AdminPlan {
  readonly address: Address;
  /** The name of the secret that callers must show. null: none, on a loopback address or a Unix socket only. */
  readonly token: string | null;
  /** Where it is written. Absent where the plan was built without text. */
  readonly place?: Place;
}

/** AdminRole is what a caller of the admin API may do: look; change what runs; change the rules too. Each includes those before it. */
export type AdminRole = 'read' | 'operate' | 'configure';

/** AdminTokenPlan is a named token of the admin API. */
export interface AdminTokenPlan {
  /** Who has it, as audit lines say. Several tokens may have one name, as while one is replaced by another. */
  readonly name: string;
  /** The name of the secret. */
  readonly secret: string;
  readonly role: AdminRole;
}

/** AdminClientPlan is what callers with a client certificate may do. */
export interface AdminClientPlan {
  /** The certificate's common name, or one of its DNS names, email addresses and URIs. */
  readonly name: string;
  readonly role: AdminRole;
}

/** NamesPlan: whom to ask for the addresses of servers' names, and how long answers hold, whatever their ttl. */
export interface NamesPlan {
  /** `IP` or `IP:PORT`. */
  readonly servers: readonly string[];
  /** Default 1 s. */
  readonly leastMs: number;
  /** Default 60 s. */
  readonly mostMs: number;
}

/** TracePlan says how requests are traced (W3C Trace Context). */
export interface TracePlan {
  /** The share of the traces that begin here which are sampled, from 0 to 1. */
  readonly sample: number;
  /** Every request begins a trace of its own, whatever it brought. */
  readonly ignoresIncoming: boolean;
}

export interface SettingsPlan {
  /** Data threads; null: one per core. 0: the caller's own event loop. */
  readonly threads: number | null;
  /** How long a stop waits for open requests. Default 30 s. */
  readonly drainMs: number;
  /** The folder with a file for each `secret "NAME"`, absolute; null: secrets are `SLUICE_SECRET_NAME` in the environment. */
  readonly secretsDir: string | null;
  /** Most health probes at once. Default 256. */
  readonly probesAtOnce?: number;
  /** Most open client connections of all listeners, over all threads. Default 0: no limit. More are closed at once. */
  readonly connections?: number;
  /** The folder where the gateway's state is kept over restarts, absolute. Default: it is not. */
  readonly stateDir?: string;
  /** What is written of requests that have ended, for all listeners that say nothing else. Default: nothing. */
  readonly accessLogs?: readonly AccessLogPlan[];
  /** The rules' own tests are run before they are activated, and prevent it if one fails. Default: false. */
  readonly testsBeforeReload?: boolean;
  /** How the names of servers are looked up. Default: by the system's DNS servers, held for 1 s to 60 s. */
  readonly names?: NamesPlan;
  /** Default: there is no admin API. */
  readonly admin?: AdminPlan;
  /** Tokens of the admin API besides its own, wherever it listens. Default: none. */
  readonly adminTokens?: readonly AdminTokenPlan[];
  /** A component of the slot `tls` that opens the admin API's connections, wherever it listens. Default: it speaks plain HTTP. */
  readonly adminTls?: ComponentUse;
  /** Callers of the admin API by their client certificates; of several that fit one, the first. Default: none. */
  readonly adminClients?: readonly AdminClientPlan[];
  /** The file that the admin API's audit lines go to, absolute. Default: the gateway's log. */
  readonly adminAudit?: string;
  /** Default: requests are not traced, and what they bring of traces is passed on as it is. */
  readonly trace?: TracePlan;
  /** Where sampled requests are reported. Default: nowhere. */
  readonly traces?: ComponentUse;
  /** Where certificates that the gateway obtains automatically come from, one of each kind. Default: nowhere. */
  readonly certificateSources?: readonly ComponentUse[];
}

export interface Plan {
  readonly version: typeof PLAN_VERSION;
  /** Every file that was read, absolute, first the one that was asked for. */
  readonly files: readonly string[];
  readonly plugins: readonly PluginUse[];
  readonly settings: SettingsPlan;
  readonly listeners: readonly ListenerPlan[];
  readonly backends: readonly BackendPlan[];
  readonly lists: readonly ListPlan[];
  readonly maps: readonly MapPlan[];
  readonly tests: readonly TestPlan[];
}
