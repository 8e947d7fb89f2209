/**
 * ExplainRequest: a request or a connection that somebody wrote down, and the listener that would take it. Main thread.
 */
import {
  bareName,
  parseWrittenRequest,
  type RequestFacts,
  readAuthority,
  readWrittenHead,
  serverName,
  type WrittenHead,
  type WrittenHeader,
  WrittenRequest,
  WrittenRequestError,
} from '@sluice/dsl/match';
import type { GivenFields, ListenerPlan, Plan } from '@sluice/dsl/plan';
import { clientOf, trustedPeers, UNKNOWN_CLIENT, UNREAD_CLIENT } from '../../shared/judgement/client-ip.ts';
import type { HeadRead } from '../../shared/judgement/head-reader.ts';
import { boundAddresses, type Ports } from '../reload/ports.ts';
import { GatewayError, reasonOf } from '../report/errors.ts';
import { loadHeadReader } from './head-reader.ts';

/** StickyRequest is what a client is known by. */
export interface StickyRequest {
  /** The client's address. Default 127.0.0.1. */
  readonly ip?: string;
  /** `Name: value`, or pairs: what it sends as Cookie, or another header. */
  readonly headers?: readonly (string | readonly [name: string, value: string])[];
}

/**
 * ExplainRequest is `GET https://www.example.com/admin from 198.51.100.7`, or for a connection `tcp to :443 sni www.example.com
 * alpn h2 from 198.51.100.7`; or the same with headers or a listener.
 */
export type ExplainRequest =
  | string
  | {
      readonly request: string;
      /** `Name: value`, or pairs. */
      readonly headers?: readonly WrittenHeader[];
      /** The listener's name. Default: the one on the request's or connection's port, or the only one. */
      readonly listener?: string;
      /** What the handshake of TLS or a PROXY header is assumed to say, by the names of fields. Default: nothing. */
      readonly given?: GivenFields;
      /** What a server is assumed to answer, for `on response`. Default: 200 without headers. */
      readonly answer?: Partial<WrittenAnswer>;
    };

/** WrittenAnswer is the head of an answer that somebody wrote down. */
export interface WrittenAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export interface ReadRequest {
  /** As rules see it; its address is the client's, whom a trusted peer may name. Of a request that is refused: as far as it was read. */
  readonly facts: WrittenRequest;
  /** The connection before TLS is opened: its address is the peer's. */
  readonly connection: WrittenRequest;
  readonly listener: ListenerPlan;
  readonly answer: WrittenAnswer;
  readonly given: GivenFields;
  /** As people read it: what could not be read, as it was written. */
  readonly shown: Pick<WrittenRequest, 'method' | 'host' | 'path' | 'query'>;
  /** Why it is answered or closed before any rule for requests is asked; null: it is not. */
  readonly refusal: Refusal | null;
}

/** Refusal is what becomes of a request that no rule is asked about. */
export interface Refusal {
  /** null: the connection is closed without an answer. */
  readonly status: number | null;
  readonly reason: string;
  /** The connection itself is refused, before its TLS hello is looked at. */
  readonly isConnection: boolean;
}

/** readRequest rejects with SG0505 for what is no request or connection, or none of the listener's, SG0507 when no listener would take it. */
export async function readRequest(request: ExplainRequest, plan: Plan, ports: Ports): Promise<ReadRequest> {
  const written = typeof request === 'string' ? { request } : request;
  const { request: text, headers, listener: name, given = {} } = written;
  const answer = { status: 200, headers: [], ...written.answer };
  const isConnection = /^tcp(?:\s|$)/.test(text.trim());
  const asked = parse(text, () => (isConnection ? parseWrittenRequest(text, headers) : readWrittenHead(text, headers)));
  const { port } = asked;
  const listener = listenerFor({ isConnection, port }, name, plan, ports);
  if (listener === undefined && isConnection && port === 0 && name === undefined) {
    throw new GatewayError('SG0505', { request: text, message: 'say to which listener, as in `tcp to :443`' });
  }
  if (listener === undefined) {
    const takers = plan.listeners.filter((each) => takes(each, isConnection));
    const known = takers.map((each) => `${each.name} (port ${shortPorts(portsOf(each, ports))})`).join(', ') || 'none';
    const what = isConnection ? 'connections' : 'requests';
    throw new GatewayError('SG0507', { request: text, what, port, known });
  }
  if (!takes(listener, isConnection)) {
    const message = isConnection
      ? `listener \`${listener.name}\` judges requests, such as \`GET http://www.example.com/ from 198.51.100.7\``
      : `listener \`${listener.name}\` judges connections, such as \`tcp to :${portsOf(listener, ports)[0]!} from 198.51.100.7\``;
    throw new GatewayError('SG0505', { request: text, message });
  }
  if (asked instanceof WrittenRequest) {
    const connection = asked.seen({ port: port === 0 ? portsOf(listener, ports)[0]! : port });
    return { facts: connection, connection, listener, answer, given, shown: connection, refusal: null };
  }
  const readHead = await loadHeadReader();
  const own = portsOf(listener, ports);
  const objection = objectionTo(asked, listener, own, given, plan);
  const read = objection === null ? readHead(asked, listener) : NOTHING_READ;
  const connection = connectionOf(asked, read, listener, own);
  const refusal = objection ?? (read.refusal === null ? null : { ...read.refusal, isConnection: false });
  const shown = shownOf(asked, read);
  const { clientIp } = listener;
  const isRead = objection === null && read.refusal?.isRead !== false;
  if (clientIp === null || !isRead) return { facts: connection, connection, listener, answer, given, shown, refusal };
  const { header } = clientIp;
  const client = clientOf(connection.ip, header, connection.header(header), trustedPeers(clientIp, plan));
  const facts = connection.seen({ ip: client ?? UNKNOWN_CLIENT });
  // No rule is asked: nobody may be taken for the client.
  const unread: Refusal | null = client === null ? { status: 400, reason: UNREAD_CLIENT, isConnection: false } : null;
  return { facts, connection, listener, answer, given, shown, refusal: refusal ?? unread };
}

const NOTHING_READ: HeadRead = { refusal: null, method: '', host: '', path: '', query: '', headers: new Map() };

function shownOf({ method, authority, target }: WrittenHead, read: HeadRead): ReadRequest['shown'] {
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? '' : target.slice(mark + 1);
  const isUrl = target.startsWith('/');
  const host = isUrl ? read.host || hostIn(authority) : '';
  return { method: read.method === '' ? method : read.method, host, ...(read.path === '' ? { path, query } : read) };
}

/** hostIn is the host of an authority that may be none. */
function hostIn(authority: string | null): string {
  const written = authority ?? '';
  return readAuthority(written)?.host ?? bareName(written.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1'));
}

/** connectionOf is the request as it comes from its peer, on a connection to the listener. */
function connectionOf(
  { ip, sni, alpn, port, authority }: WrittenHead,
  read: HeadRead,
  listener: ListenerPlan,
  own: readonly number[],
): WrittenRequest {
  const scheme = listener.tls === null ? 'http' : 'https';
  return new WrittenRequest(
    {
      ip,
      // A listener that is to be given a port, or is no port, has the one that was written.
      port: own.includes(port) || own.length !== 1 || own[0] === 0 ? port : own[0]!,
      scheme,
      sni: sni ?? (scheme === 'https' ? serverName(read.host === '' ? hostIn(authority) : read.host) : ''),
      alpn,
      method: read.method,
      host: read.host,
      path: read.path,
      query: read.query,
    },
    read.headers,
  );
}

/** objectionTo says why the connection is no good for what is said on it, in the order in which live traffic meets it. */
function objectionTo(
  { ip, scheme, port }: WrittenHead,
  listener: ListenerPlan,
  own: readonly number[],
  given: GivenFields,
  plan: Plan,
): Refusal | null {
  const { proxies } = listener;
  const isIntroduced = Object.keys(given).some((field) => field.startsWith('proxy'));
  if (proxies !== undefined && !isIntroduced && trustedPeers(proxies, plan).has(ip)) {
    const reason = `the peer is one of \`accept proxy from\`, and its connection does not begin with a PROXY header`;
    return { status: null, reason, isConnection: true };
  }
  // A port of the listener's was written, so what the URL says is what the client does there.
  const isSaid = scheme !== null && own.includes(port);
  if (isSaid && scheme === 'http' && listener.tls !== null) {
    return { status: null, reason: 'the listener expects TLS, and http:// speaks none', isConnection: true };
  }
  if (isSaid && scheme === 'https' && listener.tls === null) {
    const reason = 'the listener opens no TLS, so what an https:// client says first is no HTTP';
    return { status: 400, reason, isConnection: true };
  }
  return null;
}

function listenerFor(
  asked: { readonly isConnection: boolean; readonly port: number },
  name: string | undefined,
  { listeners }: Plan,
  ports: Ports,
): ListenerPlan | undefined {
  if (name !== undefined) return listeners.find((each) => each.name === name);
  const takers = listeners.filter((each) => takes(each, asked.isConnection));
  const onPort = (each: ListenerPlan): boolean => asked.port !== 0 && portsOf(each, ports).includes(asked.port);
  const found = takers.find(onPort) ?? (takers.length === 1 ? takers[0] : undefined);
  // Where nothing takes it but one speaks something else there, that is what to say.
  return found ?? (takers.length === 0 ? listeners.find(onPort) : undefined);
}

/** takes: the listener decides on such: a `tcp` listener on connections, and so does one that passes some on undecrypted. */
function takes({ protocol, passthroughs }: ListenerPlan, isConnection: boolean): boolean {
  return isConnection ? protocol === 'tcp' || passthroughs !== undefined : protocol === 'http';
}

/** parseClient makes facts of what a client is known by. Throws SG0505. */
export function parseClient({ ip = '127.0.0.1', headers }: StickyRequest): RequestFacts {
  const text = `GET http://localhost/ from ${ip}`;
  return parse(text, () => parseWrittenRequest(text, headers));
}

function parse<Written>(text: string, read: () => Written): Written {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof WrittenRequestError)) throw cause;
    throw new GatewayError('SG0505', { request: text, message: reasonOf(cause) }, { cause });
  }
}

/** A Unix socket has port 0. */
function portsOf(listener: ListenerPlan, ports: Ports): readonly number[] {
  return boundAddresses(listener, ports).map((address) => ('port' in address ? address.port : 0));
}

function shortPorts(ports: readonly number[]): string {
  return ports.length > 4 ? `${ports[0]}, … ${ports.at(-1)}` : ports.join(', ');
}
