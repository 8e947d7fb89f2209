/**
 * ExplainRequest: a request that somebody wrote down, and the listener that would take it. Main thread.
 */
import type { RequestFacts } from '@sluice/dsl/match';
import type { ListenerPlan, Plan } from '@sluice/dsl/plan';
import { GatewayError, reasonOf } from './errors.ts';
import { matching } from './language.ts';
import type { Ports } from './ports.ts';

/** ExplainRequest is `GET https://www.example.com/admin from 198.51.100.7`, or the same with headers or a listener. */
export type ExplainRequest =
  | string
  | {
      readonly request: string;
      readonly headers?: readonly (readonly [name: string, value: string])[];
      /** The listener's name. Default: the one on the request's port, or the only one. */
      readonly listener?: string;
    };

/** readRequest throws SG0505 for what is no request, SG0507 when no listener would take it. */
export function readRequest(
  request: ExplainRequest,
  plan: Plan,
  ports: Ports,
): { readonly facts: RequestFacts; readonly listener: ListenerPlan } {
  const { request: text, headers, listener: name } = typeof request === 'string' ? { request } : request;
  let facts: RequestFacts;
  try {
    facts = matching.parseWrittenRequest(text, headers ?? []);
  } catch (cause) {
    throw new GatewayError('SG0505', { request: text, message: reasonOf(cause) }, { cause });
  }
  const listeners = plan.listeners.filter(({ protocol }) => protocol === 'http');
  const found =
    name === undefined
      ? (listeners.find((each) => portOf(each, ports) === facts.port) ??
        (listeners.length === 1 ? listeners[0] : undefined))
      : listeners.find((each) => each.name === name);
  if (found !== undefined) return { facts, listener: found };
  const known = listeners.map((each) => `${each.name} (port ${portOf(each, ports)})`).join(', ');
  throw new GatewayError('SG0507', { request: text, port: facts.port, known });
}

function portOf({ name, address }: ListenerPlan, ports: Ports): number {
  return ports[name] ?? ('port' in address ? address.port : 0);
}
