/**
 * PlainServers: where requests that came over TLS go on in the clear, over networks that are nobody's own. Main thread.
 *
 * Names of servers are not looked up, so only written addresses are warned of.
 */
import { BlockList } from 'node:net';
import { parseIp } from '../../../match/address/parse-ip.ts';
import type { MapPlan } from '../../../plan/list.ts';
import type { BackendPlan, ListenerPlan, ServerPlan } from '../../../plan/plan.ts';
import type { Rule } from '../../../plan/rule.ts';
import type { Scope } from '../../scope/scope.ts';

/** Loopback, private and link-local networks: RFC 1122, 1918, 3927, 6598, 4193, 4291. */
const OWN = new BlockList();
OWN.addSubnet('127.0.0.0', 8);
OWN.addSubnet('10.0.0.0', 8);
OWN.addSubnet('172.16.0.0', 12);
OWN.addSubnet('192.168.0.0', 16);
OWN.addSubnet('169.254.0.0', 16);
OWN.addSubnet('100.64.0.0', 10);
OWN.addSubnet('::1', 128, 'ipv6');
OWN.addSubnet('fc00::', 7, 'ipv6');
OWN.addSubnet('fe80::', 10, 'ipv6');

/** checkPlainServers warns of each backend that a listener with TLS sends to, without TLS, at a public address. */
export function checkPlainServers(
  scope: Scope,
  listeners: readonly ListenerPlan[],
  backends: readonly BackendPlan[],
  maps: readonly MapPlan[],
): void {
  const reached = new Set<string>();
  for (const { tls, guards, routes } of listeners) {
    if (tls === null) continue;
    for (const rule of [...guards, ...routes]) for (const name of backendsOf(scope, rule, maps)) reached.add(name);
  }
  const byName = new Map(backends.map((backend) => [backend.name, backend]));
  for (const name of reached) {
    const to = byName.get(name)?.fallBack?.to;
    if (to !== undefined) reached.add(to);
  }
  for (const { name, servers, tls } of backends) {
    const known = scope.backends.get(name);
    const exposed = tls === undefined && reached.has(name) ? servers.find(isPublic) : undefined;
    if (exposed === undefined || known === undefined) continue;
    const { address } = exposed;
    const value = 'path' in address ? address.path : address.host;
    scope.diagnostics.add('SL0740', known.source, known.span, { name, value });
  }
}

function* backendsOf(scope: Scope, { verb, args }: Rule, maps: readonly MapPlan[]): Generator<string> {
  for (const { name, type } of scope.vocabulary.verbs.get(verb)?.args ?? []) {
    const value = args[name];
    if (typeof value !== 'string') continue;
    if (type === 'backend') yield value;
    const map = type === 'map' ? maps.find((each) => each.name === value) : undefined;
    if (map === undefined || map.to !== 'backend') continue;
    yield String(map.otherwise);
    for (const [, to] of map.entries) yield String(to);
  }
}

function isPublic({ address }: ServerPlan): boolean {
  const ip = 'path' in address ? null : parseIp(address.host);
  return ip !== null && !OWN.check(ip.text, ip.isV4 ? 'ipv4' : 'ipv6');
}
