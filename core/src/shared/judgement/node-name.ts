/**
 * NodeName: the address in what proxies write for one hop: `198.51.100.7`, `198.51.100.7:4711`, `[2001:db8::9]:4711`. Both planes; hot
 * path.
 */
import { type IpAddress, parseIp } from '@sluice/dsl/match';

/** A port, or what stands for one that is kept secret (RFC 7239 section 6). */
const PORT = /^:(?:\d{1,5}|_[\w.-]+)$/;
/** A zone: RFC 4007 section 11, or as URLs have it, RFC 6874. */
const ZONE = /^[\w.~%-]+$/;

/**
 * readNode returns the address of a node (RFC 7239 section 6) in every form that proxies use for it: alone or with a port, IPv6 with and
 * without brackets, with a zone, which means nothing here and is left out. null for everything else, `unknown` and names such as
 * `_hidden` among it.
 */
export function readNode(text: string): IpAddress | null {
  const plain = parseIp(text);
  if (plain !== null) return plain;
  if (text.charCodeAt(0) === 0x5b) {
    const end = text.indexOf(']');
    if (end === -1 || (end !== text.length - 1 && !PORT.test(text.slice(end + 1)))) return null;
    const inner = text.slice(1, end);
    return inner.includes(':') ? readV6(inner) : null;
  }
  const colon = text.indexOf(':');
  if (colon === -1) return null;
  if (text.indexOf(':', colon + 1) !== -1) return readV6(text);
  return PORT.test(text.slice(colon)) ? parseIp(text.slice(0, colon)) : null;
}

function readV6(text: string): IpAddress | null {
  const percent = text.indexOf('%');
  if (percent === -1) return parseIp(text);
  return ZONE.test(text.slice(percent + 1)) ? parseIp(text.slice(0, percent)) : null;
}
