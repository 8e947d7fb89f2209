/**
 * Peers: which peers of a listener are believed when they name the client. Main thread.
 */

import { listenerSetting } from './listener-setting.ts';
import { trustedIn } from './trusted-peers.ts';

/** Forwarding headers that a trusted peer may say besides who the client is. */
const KEPT_HEADERS = ['Proto', 'Host', 'Port', 'Prefix', 'Server', 'Scheme', 'Ssl'].map(
  (name) => `X-Forwarded-${name}`,
);

export const acceptProxy = listenerSetting({
  name: 'accept proxy',
  doc: 'connections from these peers start with a PROXY header (version 1 or 2) that identifies the client',
  example: 'accept proxy from 10.0.0.0/8',
  args: [{ name: 'trust', type: 'cidrs', before: 'from', doc: 'the proxies in front of this gateway' }],
  defaults: () => ({ proxies: undefined }),
  why: 'whoever reaches the gateway could claim any address',
  read: ({ scope, items }) => ({ proxies: trustedIn(scope, items, 'from') }),
});

export const clientIp = listenerSetting({
  name: 'client ip',
  doc: 'takes the client’s address from a header, if the peer is trusted',
  example: 'client ip from header X-Forwarded-For trust 10.0.0.0/8',
  isHttpOnly: true,
  args: [
    { name: 'header', type: 'header', before: 'from header', doc: 'the header with the client’s address' },
    { name: 'trust', type: 'cidrs', before: 'trust', doc: 'the trusted peers' },
    {
      name: 'keep',
      type: 'names',
      before: 'keep',
      doc: 'other headers that are trusted from these peers, and forwarded to servers unchanged; none by default',
      isOptional: true,
      choices: KEPT_HEADERS,
    },
  ],
  defaults: () => ({ clientIp: null }),
  why: 'whoever reaches the gateway could claim any address',
  read({ scope, items, args }) {
    const keep = (args.keep ?? []).map((name) => name.toLowerCase());
    const trusted = trustedIn(scope, items, 'trust');
    return { clientIp: { header: args.header.toLowerCase(), ...trusted, ...(keep.length === 0 ? {} : { keep }) } };
  },
});
