/**
 * The table of everything that discovery by DNS refuses, or cannot find, SP06xx. docs/errors/plugins.md is written from it.
 */
import { pluginErrors } from '@sluice/core/plugin';

export const dnsError = pluginErrors({
  SP0601: {
    message: '`{text}` is an address, not a name: write a `server` line',
    fix: 'Write `server 10.0.0.1:80`, or a name that exists in DNS.',
  },
  SP0602: {
    message: '`{text}` is not a DNS name',
    fix: 'Write letters, digits, `-` and `_`, in labels of up to 63 characters with dots between them.',
  },
  SP0603: {
    message: '`{text}` is not the address of a DNS server: write an IP address, optionally with a port: 127.0.0.1:5353',
    fix: 'Write the IP address of the DNS server, with a port if it is not 53.',
  },
  SP0604: {
    message: '`ipv4 only` and `ipv6 only` together leave nothing to query',
    fix: 'Remove one of them, or both to query all addresses.',
  },
  SP0605: {
    message: '`ttl at least` is above `ttl at most`',
    fix: 'Make `ttl at most` the larger one. By default they are 1s and 60s.',
  },
  SP0606: {
    message: '{reason} for {kind} records{hint}',
    fix: 'Query the DNS server yourself, with `dig`. The last known servers stay in use.',
  },
  SP0607: {
    message: 'the name has no addresses',
    fix: 'Check the name, and that its records exist. The last known servers stay in use for now (`keep`).',
  },
  SP0608: {
    message: 'the name has no SRV records',
    fix: 'Check the name, which starts with a service such as `_http._tcp.`, and that its records exist.',
  },
  SP0609: {
    message: 'the service is not offered here',
    fix: 'The SRV record states that there is no such service (RFC 2782, a target of `.`). Change the record, or use another name.',
  },
  SP0610: {
    message: 'none of the service’s targets has an address',
    fix: 'Add A or AAAA records for the targets that the SRV records name.',
  },
});
