/**
 * Servers: the members of a backend, written down and found. Main thread.
 */
import type { Address, ServerPlan } from '../../../plan/plan.ts';
import { readAddresses, SERVER_ADDRESS } from '../../values/address.ts';
import { backendSetting } from './backend-setting.ts';
import { DiscoveryList } from './discovery-list.ts';
import { ServerList } from './server-list.ts';

const DAY = 86_400_000;

export const server = backendSetting({
  name: 'server',
  doc: 'a server of the backend',
  example: 'server web1 10.1.0.11:8080 weight 3',
  isRepeatable: true,
  args: [
    { name: 'name', type: 'name', doc: 'unique in the backend' },
    {
      name: 'address',
      type: 'address',
      doc: 'IP address or hostname with port, or `unix:/path`; a port range is one server per port',
    },
    {
      name: 'weight',
      type: 'number',
      before: 'weight',
      doc: 'its share of requests; 0: no new requests',
      default: 1,
      min: 0,
      max: 256,
    },
    {
      name: 'max',
      type: 'number',
      before: 'max',
      doc: 'the maximum number of concurrent requests; 0: no limit',
      default: 0,
      min: 0,
      max: 1_000_000,
    },
    {
      name: 'queue',
      type: 'number',
      before: 'queue at most',
      doc: 'the maximum number of sticky clients queued for it; by default only the backend’s limit applies',
      isOptional: true,
      min: 1,
      max: 1_000_000,
    },
    {
      name: 'backup',
      type: 'flag',
      before: 'backup',
      doc: 'used only when no other server is available',
      isOptional: true,
    },
  ],
  defaults: () => ({ servers: new ServerList() }),
  why: 'servers have to be named',
  counts: 'never',
  fitsServe: true,
  mayAddServers: true,
  read({ scope, args, spans, whole }, { servers }) {
    const addresses = readAddresses(args.address, SERVER_ADDRESS) as readonly Address[];
    for (const address of addresses) {
      const server: ServerPlan = {
        name: addresses.length === 1 || !('port' in address) ? args.name : `${args.name}-${address.port}`,
        address,
        weight: args.weight,
        max: args.max,
        queue: args.queue ?? 0,
        isBackup: args.backup,
        place: scope.place(whole),
      };
      servers.add(scope, server, spans.get('name')!, spans.get('address')!);
    }
    return {};
  },
});

export const serversFrom = backendSetting({
  name: 'servers from',
  doc: 'service discovery: servers that are added and removed while the gateway runs',
  example: 'servers from dns "app.internal" port 8080',
  slot: 'discovery',
  isRepeatable: true,
  args: [
    {
      name: 'weight',
      type: 'number',
      before: 'weight',
      doc: 'the weight of servers for which the source gives none',
      default: 1,
      min: 0,
      max: 256,
    },
    {
      name: 'max',
      type: 'number',
      before: 'max',
      doc: 'the maximum number of concurrent requests of servers for which the source gives none; 0: no limit',
      default: 0,
      min: 0,
      max: 1_000_000,
    },
    { name: 'backup', type: 'flag', before: 'backup', doc: 'all discovered servers are backups', isOptional: true },
    {
      name: 'most',
      type: 'number',
      before: 'at most',
      doc: 'the maximum number of servers; an answer with more is rejected as a whole',
      default: 1000,
      min: 1,
      max: 10_000,
    },
    {
      name: 'grace',
      type: 'duration',
      before: 'grace',
      doc: 'how long a server stays after it goes missing from valid answers; default: 30s for dns, otherwise none',
      isOptional: true,
      min: 0,
      max: DAY,
    },
    {
      name: 'keep',
      type: 'duration',
      before: 'keep',
      doc: 'how long servers stay while there is no valid answer; 0s: forever; default: 1h for dns, otherwise forever',
      isOptional: true,
      min: 0,
      max: 30 * DAY,
    },
    {
      name: 'wait',
      type: 'duration',
      before: 'wait',
      doc: 'how long start-up or a reload waits for the first answer',
      default: 5000,
      min: 0,
      max: 60_000,
    },
  ],
  defaults: () => ({ discoveries: new DiscoveryList() }),
  why: 'nothing is looked for that is not asked for',
  counts: 'never',
  fitsServe: true,
  mayAddServers: true,
  read({ scope, span, use, args }, { discoveries }) {
    discoveries.add(scope, span, {
      use,
      weight: args.weight,
      max: args.max,
      isBackup: args.backup,
      most: args.most,
      graceMs: args.grace ?? null,
      keepMs: args.keep ?? null,
      waitMs: args.wait,
      place: use.place,
    });
    return {};
  },
});
