/**
 * Literals: durations, sizes, rates, addresses and names from their text. Each reader returns its value or null; what to
 * say about a null is the caller's business. Main thread.
 */
import { parseIp } from '../match/parse-ip.ts';
import type { Address } from '../plan/plan.ts';

const DURATIONS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1_000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  KiB: 1_024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
};
const PER: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 };

/** readDuration returns milliseconds: `250ms`, `10s`, `1.5m`, `8h`, `1d`. */
export function readDuration(text: string): number | null {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text);
  return match === null ? null : Math.round(Number(match[1]) * DURATIONS[match[2]!]!);
}

/** readSize returns bytes: `512B`, `16KiB`, `10MiB`, `1GB`. */
export function readSize(text: string): number | null {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(B|kB|MB|GB|KiB|MiB|GiB)$/.exec(text);
  return match === null ? null : Math.round(Number(match[1]) * SIZES[match[2]!]!);
}

/** readRate returns events a second: `20/s`, `300/m`, `1000/h`. */
export function readRate(text: string): number | null {
  const match = /^(\d{1,9})\/(s|m|h)$/.exec(text);
  return match === null ? null : Number(match[1]) / PER[match[2]!]!;
}

/** readPercent returns 0 to 999: `5%`, `0.5%`. */
export function readPercent(text: string): number | null {
  const match = /^(\d{1,3}(?:\.\d{1,3})?)%$/.exec(text);
  return match === null ? null : Number(match[1]);
}

/** readWhole returns a whole number without sign or leading zeros. */
export function readWhole(text: string): number | null {
  if (!/^(?:0|[1-9]\d{0,14})$/.test(text)) return null;
  return Number(text);
}

export function isNumberLike(text: string): boolean {
  return /^\d+(?:\.\d+)?$/.test(text);
}

/** isHostName: letters, digits, `-` and `_` in labels of 1 to 63, 253 in all (RFC 1123); an IP address counts too. */
export function isHostName(text: string): boolean {
  if (text.length === 0 || text.length > 253) return false;
  if (parseIp(text) !== null) return true;
  return (
    /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/i.test(text) &&
    !/^[\d.]+$/.test(text)
  );
}

/** isToken: RFC 9110, section 5.6.2: what a header, a cookie or a method may be called. */
export function isToken(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);
}

/** isName: what listeners, backends, servers and definitions may be called. */
export function isName(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/.test(text);
}

/** Why an address cannot be read. */
export interface AddressProblem {
  readonly problem: string;
  readonly mend: string | null;
}

export interface AddressRules {
  /** Only a port is fine: `:8080`, every address. Listeners. */
  readonly isPortAlone: boolean;
  /** Port 0 is fine: the system chooses. Listeners. */
  readonly isPortZero: boolean;
  /** Host names are fine. Servers. */
  readonly isNamed: boolean;
}

export const LISTEN_ADDRESS: AddressRules = { isPortAlone: true, isPortZero: true, isNamed: false };
export const SERVER_ADDRESS: AddressRules = { isPortAlone: false, isPortZero: false, isNamed: true };

/** readListenAddress reads an address to listen on, as rule files have them. */
export function readListenAddress(text: string): Address | AddressProblem {
  return readAddress(text, LISTEN_ADDRESS);
}

/** readAddress reads `127.0.0.1:80`, `[::1]:80`, `:80`, `name:80` or `unix:/path`. `:80` is every address: host `::`. */
export function readAddress(text: string, rules: AddressRules): Address | AddressProblem {
  if (text.startsWith('unix:')) {
    const path = text.slice(5);
    if (!path.startsWith('/')) return { problem: 'needs an absolute path', mend: 'Write `unix:/run/app.sock`' };
    if (Buffer.byteLength(path) > 107) return { problem: 'is too long for a socket: 107 bytes at most', mend: null };
    return { path };
  }
  const colon = text.lastIndexOf(':');
  const hostText = colon < 0 ? text : text.slice(0, colon);
  if (colon < 0 || (parseIp(text) !== null && !text.startsWith('['))) {
    if (colon < 0 && /^\d+$/.test(text)) return { problem: 'has no `:`', mend: `Write \`:${text}\`` };
    if (colon >= 0 && parseIp(hostText) !== null && /^\d+$/.test(text.slice(colon + 1))) {
      return { problem: 'needs brackets around its IPv6 address', mend: `Write \`[${hostText}]${text.slice(colon)}\`` };
    }
    const host = colon < 0 ? text : `[${text}]`;
    return { problem: 'has no port', mend: `Write \`${host}:80\`` };
  }
  const port = readPort(text.slice(colon + 1));
  if (port === null) return { problem: 'has no port from 1 to 65535', mend: null };
  if (port === 0 && !rules.isPortZero) return { problem: 'has port 0', mend: 'Write the port the server listens on' };
  return readHost(hostText, port, rules);
}

/** A website by its host name. */
export interface Site {
  readonly address: Address;
  /** As the Host field has it: without the port where that is the scheme's own. */
  readonly authority: string;
  readonly isHttps: boolean;
}

/** readSite reads `http://name` or `https://name:8443`, perhaps with a `/` behind. */
export function readSite(text: string): Site | AddressProblem {
  const match = /^(?:([A-Za-z][A-Za-z0-9+.-]*):\/\/)?([^/?#]*)(.*)$/.exec(text)!;
  const [, scheme, authority, rest] = match as unknown as [string, string | undefined, string, string];
  if (scheme === undefined) return { problem: 'has no scheme', mend: `Write \`http://${text}\`` };
  const port = SITE_PORTS[scheme.toLowerCase()];
  if (port === undefined) {
    return { problem: `has the scheme \`${scheme}\``, mend: 'Write `http://` or `https://`' };
  }
  if (rest !== '' && rest !== '/') {
    return { problem: 'has a path', mend: 'A site stands for all its paths: write the host alone' };
  }
  const hasPort = /:\d*$/.test(authority) && !authority.endsWith(']');
  const address = readAddress(hasPort ? authority : `${authority}:${port}`, SERVER_ADDRESS);
  if ('problem' in address) return { problem: address.problem, mend: null };
  if (!('host' in address)) return { problem: 'is not a host name', mend: null };
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  const isHttps = scheme.toLowerCase() === 'https';
  return { address, authority: address.port === port ? host : `${host}:${address.port}`, isHttps };
}

/** The schemes that servers are reached by, and their ports. */
const SITE_PORTS: Readonly<Record<string, number | undefined>> = { http: 80, https: 443 };

function readHost(text: string, port: number, rules: AddressRules): Address | AddressProblem {
  if (text === '') {
    if (rules.isPortAlone) return { host: '::', port };
    return { problem: 'has no host', mend: `Write \`127.0.0.1:${port}\`` };
  }
  if (text.startsWith('[') && text.endsWith(']')) {
    const address = parseIp(text.slice(1, -1));
    if (address === null || address.isV4) return { problem: 'is not an IPv6 address in brackets', mend: null };
    return { host: address.text, port };
  }
  const address = parseIp(text);
  if (address !== null) {
    if (text.includes(':'))
      return { problem: 'needs brackets around its IPv6 address', mend: `Write \`[${text}]:${port}\`` };
    return { host: address.text, port };
  }
  if (text === '*') return { problem: 'is not an address', mend: `Write \`:${port}\` for every address` };
  if (!isHostName(text))
    return { problem: 'is not an address', mend: 'Write an IP address or a host name, and a port' };
  if (rules.isNamed) return { host: text.toLowerCase(), port };
  if (text.toLowerCase() === 'localhost') return { problem: 'is a name', mend: `Write \`127.0.0.1:${port}\`` };
  return { problem: 'is a name, and a listener needs an IP address', mend: `Write \`:${port}\` for every address` };
}

/** addressText writes an address as rule files do. */
export function addressText(address: Address): string {
  if ('path' in address) return `unix:${address.path}`;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** readPort returns 0 to 65535. */
export function readPort(text: string): number | null {
  const port = readWhole(text);
  return port === null || port > 65_535 ? null : port;
}
