/**
 * ClientIp: who the client is when a trusted peer passes it on. Both planes, so that explain and live traffic agree; hot path.
 */
import { type IpAddress, IpSet, parseIp } from '@sluice/dsl/match';
import type { Plan, TrustedPeers } from '@sluice/dsl/plan';
import { forwardedNodes } from './forwarded-field.ts';
import { readNode } from './node-name.ts';

/** Stands for a client whose address cannot be read: the unspecified address, which no client has. */
export const UNKNOWN_CLIENT: IpAddress = parseIp('::')!;

/** Why such a request gets 400, as logs and `explain` say it. */
export const UNREAD_CLIENT = 'the address that a trusted proxy gives for the client cannot be read';

/**
 * What clientOf passed over on its way: the trusted proxies between the client and the peer, nearest to the client first, each with `, `
 * before it. One a thread; copy at once.
 */
export const passedHops = { text: '' };

/**
 * clientOf is the peer, or, from a trusted peer, the address nearest to us in the header that is not trusted itself.
 *
 * `name` is the header's in lower case: `forwarded` is read as RFC 7239 has it, every other one as a list of addresses. Several fields are
 * one list. What stands before the client in it could be invented, and is not looked at.
 *
 * null: the header is there, but what it says of the next hop is no address (`unknown`, `_hidden`, rubbish, nothing at all). Nobody may
 * be taken for the client then, the trusted proxy least of all: refuse the request.
 */
export function clientOf(
  peer: IpAddress,
  name: string,
  header: string | readonly string[] | undefined,
  trusted: IpSet,
): IpAddress | null {
  passedHops.text = '';
  if (header === undefined || !trusted.has(peer)) return peer;
  let client: IpAddress | null = null;
  for (let line = typeof header === 'string' ? 0 : header.length - 1; line >= 0; line--) {
    const value = typeof header === 'string' ? header : header[line]!;
    if (name === 'forwarded') {
      const nodes = forwardedNodes(value);
      if (nodes === null) return null;
      for (let index = nodes.length - 1; index >= 0; index--) {
        const hop = readNode(nodes[index]!);
        if (hop === null) return null;
        if (client !== null) passedHops.text = `, ${client.text}${passedHops.text}`;
        client = hop;
        if (!trusted.has(hop)) return client;
      }
      continue;
    }
    for (let end = value.length; end >= 0; ) {
      const comma = end === 0 ? -1 : value.lastIndexOf(',', end - 1);
      const element = value.substring(comma + 1, end).trim();
      end = comma;
      // Empty elements of a list say nothing (RFC 9110 section 5.6.1).
      if (element === '') continue;
      const hop = readNode(element.charCodeAt(0) === 0x22 ? unquoted(element) : element);
      if (hop === null) return null;
      if (client !== null) passedHops.text = `, ${client.text}${passedHops.text}`;
      client = hop;
      if (!trusted.has(hop)) return client;
    }
  }
  return client;
}

/** unquoted is what stands between quotation marks, or '' where they do not match. */
function unquoted(element: string): string {
  return element.length > 1 && element.endsWith('"') ? element.slice(1, -1).trim() : '';
}

/** trustedPeers are the peers that may say who the client is, those of lists from files with them. */
export function trustedPeers({ trust, trustLists, table }: TrustedPeers, { lists }: Plan): IpSet {
  if (table !== undefined) return new IpSet(table);
  const listed = lists.filter(({ name }) => trustLists.includes(name));
  return IpSet.from([...trust, ...listed.flatMap(({ entries }) => entries)]);
}
