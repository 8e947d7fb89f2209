/**
 * Address: where listeners listen and servers are reached, from text and back. Each reader returns its value or what is wrong with
 * the text; where to say that is the caller's business. Main thread.
 */
import type { IpAddress } from '../../match/address/ip-address.ts';
import { parseIp } from '../../match/address/parse-ip.ts';
import type { Address } from '../../plan/plan.ts';
import { isHostName, readPort } from './literals.ts';

/** Why an address cannot be read. */
export interface AddressProblem {
  readonly problem: string;
  readonly fix: string | null;
}

export interface AddressRules {
  /** Only a port is fine: `:8080`, every address. Listeners. */
  readonly isPortAlone: boolean;
  /** Port 0 is fine: the system chooses. Listeners. */
  readonly isPortZero: boolean;
  /** Host names are fine. Servers. */
  readonly isNamed: boolean;
  /** The longest path of a socket file. */
  readonly pathBytes: number;
}

/** The system takes 107; a listener binds under another name first, which has the process's number behind it. */
export const LISTEN_ADDRESS: AddressRules = { isPortAlone: true, isPortZero: true, isNamed: false, pathBytes: 99 };
export const SERVER_ADDRESS: AddressRules = { isPortAlone: false, isPortZero: false, isNamed: true, pathBytes: 107 };

/** Most ports that one range stands for. */
const MOST_PORTS = 1000;

/** readListenAddress reads an address to listen on, as rule files have them. */
export function readListenAddress(text: string): Address | AddressProblem {
  return readAddress(text, LISTEN_ADDRESS);
}

/** readAddresses reads what `readAddress` does, and a range of ports (`10.0.0.1:8000-8010`), which is an address for each. */
export function readAddresses(text: string, rules: AddressRules): readonly Address[] | AddressProblem {
  const range = rangeOf(text);
  if (range === null) {
    const address = readAddress(text, rules);
    return 'problem' in address ? address : [address];
  }
  const [low, high] = [readPort(range.low), readPort(range.high)];
  if (low === null || high === null || low === 0 || low >= high) {
    return { problem: 'has no range of ports from 1 to 65535, the lower one first', fix: null };
  }
  if (high - low >= MOST_PORTS) return { problem: `has ${high - low + 1} ports: ${MOST_PORTS} at most`, fix: null };
  const first = readHost(range.host, low, rules);
  if ('problem' in first || 'path' in first) return first as AddressProblem;
  return Array.from({ length: high - low + 1 }, (_, index) => ({ ...first, port: low + index }));
}

/**
 * readAddress reads `127.0.0.1:80`, `[::1]:80`, `[fe80::1%eth0]:80`, `:80`, `name:80`, `unix:/path` or `unix:@name`.
 * `:80` is every address, IPv4 and IPv6; `[::]:80` is every IPv6 address.
 */
export function readAddress(text: string, rules: AddressRules): Address | AddressProblem {
  if (text.startsWith('unix:')) return readPath(text.slice(5), rules);
  if (rangeOf(text) !== null) return { problem: 'is a range of ports, where one is due', fix: null };
  const colon = text.lastIndexOf(':');
  const hostText = colon < 0 ? text : text.slice(0, colon);
  if (colon < 0 || (parseIp(text) !== null && !text.startsWith('['))) {
    if (colon < 0 && /^\d+$/.test(text)) return { problem: 'has no `:`', fix: `Write \`:${text}\`` };
    if (colon >= 0 && parseIp(hostText) !== null && /^\d+$/.test(text.slice(colon + 1))) {
      return { problem: 'needs brackets around its IPv6 address', fix: `Write \`[${hostText}]${text.slice(colon)}\`` };
    }
    const host = colon < 0 ? text : `[${text}]`;
    return { problem: 'has no port', fix: `Write \`${host}:80\`` };
  }
  const port = readPort(text.slice(colon + 1));
  const dotted = /^(.*:\d+)\.\.(\d+)$/.exec(text);
  if (dotted !== null) return { problem: 'has no port', fix: `Write a range as \`${dotted[1]}-${dotted[2]}\`` };
  if (port === null) return { problem: 'has no port from 1 to 65535', fix: null };
  if (port === 0 && !rules.isPortZero) return { problem: 'has port 0', fix: 'Write the port the server listens on' };
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
  if (scheme === undefined) return { problem: 'has no scheme', fix: `Write \`http://${text}\`` };
  const port = SITE_PORTS[scheme.toLowerCase()];
  if (port === undefined) {
    return { problem: `has the scheme \`${scheme}\``, fix: 'Write `http://` or `https://`' };
  }
  if (rest !== '' && rest !== '/') {
    return { problem: 'has a path', fix: 'A site covers all paths: write only the host' };
  }
  const hasPort = /:\d*$/.test(authority) && !authority.endsWith(']');
  const address = readAddress(hasPort ? authority : `${authority}:${port}`, SERVER_ADDRESS);
  if ('problem' in address) return { problem: address.problem, fix: null };
  if (!('host' in address)) return { problem: 'is not a host name', fix: null };
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  const isHttps = scheme.toLowerCase() === 'https';
  return { address, authority: address.port === port ? host : `${host}:${address.port}`, isHttps };
}

/** The schemes that servers are reached by, and their ports. */
const SITE_PORTS: Readonly<Record<string, number | undefined>> = { http: 80, https: 443 };

function rangeOf(text: string): { readonly host: string; readonly low: string; readonly high: string } | null {
  const match = /^(.*):(\d+)-(\d+)$/.exec(text);
  return match === null ? null : { host: match[1]!, low: match[2]!, high: match[3]! };
}

/** readPath reads a socket file, or `@name`: a name that is no file (Linux). */
function readPath(path: string, { pathBytes }: AddressRules): Address | AddressProblem {
  const isAbstract = path.startsWith('@');
  if (isAbstract && !/^@[\x21-\x7e]+$/.test(path)) {
    return { problem: 'needs a name of visible ASCII characters', fix: 'Write `unix:@app`' };
  }
  if (!isAbstract && !path.startsWith('/')) {
    const fix = /^[A-Za-z0-9_.-]+$/.test(path) && !path.includes('.') ? ', or `unix:@app` for one that is no file' : '';
    return { problem: 'needs an absolute path', fix: `Write \`unix:/run/app.sock\`${fix}` };
  }
  if (path.includes('\0')) return { problem: 'holds a NUL', fix: null };
  const most = isAbstract ? 107 : pathBytes;
  if (Buffer.byteLength(path) > most) return { problem: `is too long for a socket: ${most} bytes at most`, fix: null };
  return { path };
}

function readHost(text: string, port: number, rules: AddressRules): Address | AddressProblem {
  if (text === '') {
    if (rules.isPortAlone) return { host: '::', port };
    return { problem: 'has no host', fix: `Write \`127.0.0.1:${port}\`` };
  }
  if (text.startsWith('[') && text.endsWith(']')) return readIpv6(text.slice(1, -1), port);
  const address = parseIp(text);
  if (address !== null) {
    if (text.includes(':'))
      return { problem: 'needs brackets around its IPv6 address', fix: `Write \`[${text}]:${port}\`` };
    return { host: address.text, port };
  }
  if (text === '*') return { problem: 'is not an address', fix: `Write \`:${port}\` for every address` };
  if (!isHostName(text)) return { problem: 'is not an address', fix: 'Write an IP address or a host name, and a port' };
  if (rules.isNamed) return { host: text.toLowerCase(), port };
  if (text.toLowerCase() === 'localhost') return { problem: 'is a name', fix: `Write \`127.0.0.1:${port}\`` };
  return { problem: 'is a name, and a listener needs an IP address', fix: `Write \`:${port}\` for every address` };
}

/** readIpv6: a link-local address means something only with the interface that it is on (RFC 4007, section 11). */
function readIpv6(text: string, port: number): Address | AddressProblem {
  const percent = text.indexOf('%');
  const address = parseIp(percent < 0 ? text : text.slice(0, percent));
  if (address === null || address.isV4) return { problem: 'is not an IPv6 address in brackets', fix: null };
  if (percent >= 0 && !isLinkLocal(address)) {
    return {
      problem: 'names an interface, which only link-local addresses have',
      fix: `Write \`[${address.text}]:${port}\``,
    };
  }
  if (percent >= 0) {
    const zone = text.slice(percent + 1);
    if (!/^[A-Za-z0-9_.-]{1,15}$/.test(zone)) return { problem: 'has no interface after its `%`', fix: null };
    return { host: `${address.text}%${zone}`, port };
  }
  if (isLinkLocal(address)) {
    return {
      problem: 'is link-local, and does not say on which interface',
      fix: `Add the interface: \`[${address.text}%eth0]:${port}\``,
    };
  }
  return address.text === '::' ? { host: '::', port, isV6Only: true } : { host: address.text, port };
}

/** isLinkLocal: fe80::/10 (RFC 4291, section 2.5.6). */
function isLinkLocal(address: IpAddress): boolean {
  return !address.isV4 && address.text.length > 3 && (Number.parseInt(address.text, 16) & 0xffc0) === 0xfe80;
}

/** isResolver: a DNS server's address: an IP, with a port if it is not 53. */
export function isResolver(text: string): boolean {
  if (parseIp(text) !== null) return true;
  const address = readAddress(text, SERVER_ADDRESS);
  return 'host' in address && parseIp(address.host) !== null;
}

/** addressText writes an address as rule files do. */
export function addressText(address: Address): string {
  if ('path' in address) return `unix:${address.path}`;
  const { host, port, isV6Only } = address;
  if (host === '::' && isV6Only !== true) return `:${port}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
