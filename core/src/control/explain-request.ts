/**
 * ExplainRequest: a request or a connection that somebody wrote down, and the listener that would take it. Main thread.
 */
import { parseWrittenRequest, type RequestFacts, type WrittenHeader, type WrittenRequest } from '@sluice/dsl/match';
import type { GivenFields, ListenerPlan, Plan } from '@sluice/dsl/plan';
import { clientOf, trustedPeers } from '../shared/client-ip.ts';
import { GatewayError, reasonOf } from './errors.ts';
import { boundAddresses, type Ports } from './ports.ts';
import type { StickyRequest } from './stickiness-handle.ts';

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
  /** Its address is the client's, whom a trusted peer may name. */
  readonly facts: WrittenRequest;
  /** The connection before TLS is opened: its address is the peer's. */
  readonly connection: WrittenRequest;
  readonly listener: ListenerPlan;
  readonly answer: WrittenAnswer;
  readonly given: GivenFields;
}

/** readRequest throws SG0505 for what is no request or connection, or none of the listener's, SG0507 when no listener would take it. */
export function readRequest(request: ExplainRequest, plan: Plan, ports: Ports): ReadRequest {
  const written = typeof request === 'string' ? { request } : request;
  const { request: text, headers, listener: name, given = {} } = written;
  const answer = { status: 200, headers: [], ...written.answer };
  const facts = parse(text, headers, true);
  const listener = listenerFor(facts, name, plan, ports);
  if (listener === undefined && facts.isConnection && facts.port === 0 && name === undefined) {
    throw new GatewayError('SG0505', { request: text, message: 'say to which listener, as in `tcp to :443`' });
  }
  if (listener === undefined) {
    const takers = plan.listeners.filter((each) => takes(each, facts));
    const known = takers.map((each) => `${each.name} (port ${shortPorts(portsOf(each, ports))})`).join(', ') || 'none';
    throw new GatewayError('SG0507', {
      request: text,
      what: facts.isConnection ? 'connections' : 'requests',
      port: facts.port,
      known,
    });
  }
  if (!takes(listener, facts)) {
    const message = facts.isConnection
      ? `listener \`${listener.name}\` judges requests, such as \`GET http://www.example.com/ from 198.51.100.7\``
      : `listener \`${listener.name}\` judges connections, such as \`tcp to :${portsOf(listener, ports)[0]!} from 198.51.100.7\``;
    throw new GatewayError('SG0505', { request: text, message });
  }
  if (facts.isConnection) {
    const connection = facts.seen({ port: facts.port === 0 ? portsOf(listener, ports)[0]! : facts.port });
    return { facts: connection, connection, listener, answer, given };
  }
  const { allowEncodedSlashes, clientIp } = listener;
  const connection = parse(text, headers, allowEncodedSlashes);
  if (clientIp === null) return { facts: connection, connection, listener, answer, given };
  const ip = clientOf(connection.ip, connection.header(clientIp.header), trustedPeers(clientIp, plan));
  return { facts: connection.seen({ ip }), connection, listener, answer, given };
}

function listenerFor(
  facts: WrittenRequest,
  name: string | undefined,
  { listeners }: Plan,
  ports: Ports,
): ListenerPlan | undefined {
  if (name !== undefined) return listeners.find((each) => each.name === name);
  const takers = listeners.filter((each) => takes(each, facts));
  const onPort = (each: ListenerPlan): boolean => facts.port !== 0 && portsOf(each, ports).includes(facts.port);
  const found = takers.find(onPort) ?? (takers.length === 1 ? takers[0] : undefined);
  // Where nothing takes it but one speaks something else there, that is what to say.
  return found ?? (takers.length === 0 ? listeners.find(onPort) : undefined);
}

/** takes: the listener decides on such: a `tcp` listener on connections, and so does one that passes some on undecrypted. */
function takes({ protocol, passthroughs }: ListenerPlan, { isConnection }: WrittenRequest): boolean {
  return isConnection ? protocol === 'tcp' || passthroughs !== undefined : protocol === 'http';
}

/** parseClient makes facts of what a client is known by. Throws SG0505. */
export function parseClient({ ip = '127.0.0.1', headers }: StickyRequest): RequestFacts {
  return parse(`GET http://localhost/ from ${ip}`, headers, true);
}

function parse(
  text: string,
  headers: readonly WrittenHeader[] | undefined,
  allowEncodedSlashes: boolean,
): WrittenRequest {
  try {
    return parseWrittenRequest(text, headers, allowEncodedSlashes);
  } catch (cause) {
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
