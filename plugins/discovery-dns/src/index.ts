/**
 * The manifest of discovery-dns: `servers from dns` and `servers from dns srv`. Main thread only.
 */
import type { Component } from '@sluice/core/plugin';
import { definePlugin } from '@sluice/core/plugin';
import { addressDiscovery } from './address-discovery.ts';
import { dnsError } from './errors.ts';
import { checkName, checkResolver } from './names.ts';
import { serviceDiscovery } from './service-discovery.ts';

type Arg = Component['args'][number];

const DAY = 86_400_000;

const COMMON: readonly Arg[] = [
  {
    name: 'resolver',
    type: 'text',
    before: 'resolver',
    doc: 'the DNS server to query: an IP address, optionally with a port; default: the system’s',
    isOptional: true,
  },
  {
    name: 'ttlLeast',
    type: 'duration',
    before: 'ttl at least',
    doc: 'the minimum time for which an answer is valid, if its TTL is shorter',
    default: 1000,
    min: 100,
    max: DAY,
  },
  {
    name: 'ttlMost',
    type: 'duration',
    before: 'ttl at most',
    doc: 'the maximum time for which an answer is valid, if its TTL is longer',
    default: 60_000,
    min: 100,
    max: DAY,
  },
  { name: 'v4', type: 'flag', before: 'ipv4 only', doc: 'queries A records only', isOptional: true },
  { name: 'v6', type: 'flag', before: 'ipv6 only', doc: 'queries AAAA records only', isOptional: true },
];

function optionsOf(more: Readonly<Record<string, object>>): object {
  const ttl = { type: 'number', minimum: 100, maximum: DAY };
  return {
    type: 'object',
    properties: {
      domain: { type: 'string', minLength: 1 },
      ...more,
      resolver: { type: 'string', minLength: 1 },
      ttlLeast: { ...ttl, default: 1000 },
      ttlMost: { ...ttl, default: 60_000 },
      v4: { type: 'boolean', default: false },
      v6: { type: 'boolean', default: false },
    },
    required: ['domain', ...Object.keys(more)],
    additionalProperties: false,
  };
}

const validate: Component['validate'] = (options) => {
  checkName(options.domain as string);
  if (options.resolver !== undefined) checkResolver(options.resolver as string);
  if (options.v4 === true && options.v6 === true) throw dnsError('SP0604', {});
  if ((options.ttlLeast as number) > (options.ttlMost as number)) throw dnsError('SP0605', {});
  return options;
};

export default definePlugin({
  name: 'discovery-dns',
  apiVersion: 1,
  components: [
    {
      kind: 'component',
      slot: 'discovery',
      name: 'dns',
      doc: 'Discovers servers at the addresses of a name (A and AAAA records), and queries again when the TTL expires.',
      example: 'servers from dns "app.internal" port 8080',
      args: [
        { name: 'domain', type: 'text', doc: 'the name' },
        { name: 'port', type: 'port', before: 'port', doc: 'the port of every server' },
        ...COMMON,
      ],
      options: optionsOf({ port: { type: 'integer', minimum: 1, maximum: 65535 } }),
      validate,
      discovery: addressDiscovery,
    },
    {
      kind: 'component',
      slot: 'discovery',
      name: 'dns srv',
      doc: 'Discovers the servers of a service (SRV records), with the ports and weights of the records. All but those of the first priority are backups.',
      example: 'servers from dns srv "_http._tcp.app.internal"',
      args: [{ name: 'domain', type: 'text', doc: 'the name of the service' }, ...COMMON],
      options: optionsOf({}),
      validate,
      discovery: serviceDiscovery,
    },
  ],
});
