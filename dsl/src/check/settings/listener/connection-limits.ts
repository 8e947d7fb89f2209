/**
 * ConnectionLimits: how many connections a listener takes, and how fast. Main thread.
 */
import { CLIENT_NETWORKS, type ClientNetworks } from '../../../match/address/client-network.ts';
import type { BaseArg } from '../../../vocabulary/setting-word.ts';
import { listenerSetting } from './listener-setting.ts';

const PER_IP = {
  name: 'perIp',
  type: 'networks',
  before: 'per ip',
  doc: 'counts each client separately: an IPv4 address or an IPv6 /64; `per ip /24 ipv6 /56` sets other prefixes',
  isOptional: true,
} as const satisfies BaseArg;

/** A limit in all and one for each client are two. */
function nameOf(name: string, { perIp }: { readonly perIp: ClientNetworks | undefined }): string {
  return perIp === undefined ? name : `${name} per ip`;
}

/** otherThanUsual: the usual networks are not written down in the plan. */
function otherThanUsual(networks: ClientNetworks): ClientNetworks | undefined {
  return String(networks) === String(CLIENT_NETWORKS) ? undefined : networks;
}

export const connectionsAtMost = listenerSetting({
  name: 'connections at most',
  doc: 'the maximum number of open connections, in total or per client',
  example: 'connections at most 100 per ip',
  isRepeatable: true,
  args: [{ name: 'count', type: 'number', doc: 'connections', min: 1, max: 10_000_000 }, PER_IP],
  defaults: () => ({
    'limits.connections': 0,
    'limits.connectionsPerIp': 0,
    'limits.connectionNetworks': undefined,
  }),
  why: 'how many there may be depends on the machine; `settings` limits them all together',
  countsAs: (args) => nameOf('connections at most', args),
  read: ({ args }) =>
    args.perIp === undefined
      ? { 'limits.connections': args.count }
      : { 'limits.connectionsPerIp': args.count, 'limits.connectionNetworks': otherThanUsual(args.perIp) },
});

export const newConnectionsAtMost = listenerSetting({
  name: 'new connections at most',
  doc: 'the rate of new connections, in total or per client',
  example: 'new connections at most 20/s per ip',
  isRepeatable: true,
  args: [{ name: 'rate', type: 'rate', doc: 'connections per unit of time, which is also the burst' }, PER_IP],
  defaults: () => ({
    'limits.newConnections': null,
    'limits.newConnectionsPerIp': null,
    'limits.newConnectionNetworks': undefined,
  }),
  why: 'how fast they may come depends on the machine',
  countsAs: (args) => nameOf('new connections at most', args),
  read: ({ args }) =>
    args.perIp === undefined
      ? { 'limits.newConnections': args.rate }
      : { 'limits.newConnectionsPerIp': args.rate, 'limits.newConnectionNetworks': otherThanUsual(args.perIp) },
});
