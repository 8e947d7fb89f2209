/**
 * ExplainRequest: a request that somebody wrote down, and the listener that would take it. Main thread.
 */
import { parseWrittenRequest, type RequestFacts, type WrittenHeader } from '@sluice/dsl/match';
import type { ListenerPlan, Plan } from '@sluice/dsl/plan';
import { clientOf, trustedPeers } from '../shared/client-ip.ts';
import { GatewayError, reasonOf } from './errors.ts';
import type { Ports } from './ports.ts';
import type { StickyRequest } from './stickiness-handle.ts';

/** ExplainRequest is `GET https://www.example.com/admin from 198.51.100.7`, or the same with headers or a listener. */
export type ExplainRequest =
  | string
  | {
      readonly request: string;
      /** `Name: value`, or pairs. */
      readonly headers?: readonly WrittenHeader[];
      /** The listener's name. Default: the one on the request's port, or the only one. */
      readonly listener?: string;
      /** What a server is assumed to answer, for `on response`. Default: 200 without headers. */
      readonly answer?: Partial<WrittenAnswer>;
    };

/** WrittenAnswer is the head of an answer that somebody wrote down. */
export interface WrittenAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** readRequest throws SG0505 for what is no request, SG0507 when no listener would take it. */
export function readRequest(
  request: ExplainRequest,
  plan: Plan,
  ports: Ports,
): { readonly facts: RequestFacts; readonly listener: ListenerPlan; readonly answer: WrittenAnswer } {
  const written = typeof request === 'string' ? { request } : request;
  const { request: text, headers, listener: name } = written;
  const answer = { status: 200, headers: [], ...written.answer };
  const facts = parse(text, headers, true);
  const listeners = plan.listeners.filter(({ protocol }) => protocol === 'http');
  const found =
    name === undefined
      ? (listeners.find((each) => portOf(each, ports) === facts.port) ??
        (listeners.length === 1 ? listeners[0] : undefined))
      : listeners.find((each) => each.name === name);
  if (found !== undefined) return { facts: asReceived(text, headers, found, plan), listener: found, answer };
  const known = listeners.map((each) => `${each.name} (port ${portOf(each, ports)})`).join(', ');
  throw new GatewayError('SG0507', { request: text, port: facts.port, known });
}

/** parseClient makes facts of what a client is known by. Throws SG0505. */
export function parseClient({ ip = '127.0.0.1', headers }: StickyRequest): RequestFacts {
  return parse(`GET http://localhost/ from ${ip}`, headers, true);
}

/** The address behind `from` is the peer: where the listener believes it, its header says who the client is. */
function asReceived(
  text: string,
  headers: readonly WrittenHeader[] | undefined,
  { allowEncodedSlashes, clientIp }: ListenerPlan,
  plan: Plan,
): RequestFacts {
  const facts = parse(text, headers, allowEncodedSlashes);
  if (clientIp === null) return facts;
  const client = clientOf(facts.ip, facts.header(clientIp.header), trustedPeers(clientIp, plan));
  if (client === facts.ip) return facts;
  return parse(`${text.replace(/\s+from\s+\S+\s*$/, '')} from ${client.text}`, headers, allowEncodedSlashes);
}

function parse(
  text: string,
  headers: readonly WrittenHeader[] | undefined,
  allowEncodedSlashes: boolean,
): RequestFacts {
  try {
    return parseWrittenRequest(text, headers, allowEncodedSlashes);
  } catch (cause) {
    throw new GatewayError('SG0505', { request: text, message: reasonOf(cause) }, { cause });
  }
}

function portOf({ name, address }: ListenerPlan, ports: Ports): number {
  return ports[name] ?? ('port' in address ? address.port : 0);
}
