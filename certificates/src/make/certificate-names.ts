/**
 * CertificateNames: the names that a certificate may be for. Main thread.
 */
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { certificateError } from '../errors.ts';

const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
/** ASCII that is in no name. */
const OTHER = /[^\w.\-\u0080-\uffff]/;
const DNS_NAME = new RegExp(`^(?:\\*\\.)?${LABEL}(?:\\.${LABEL})*$`);

/**
 * certificateName is a name as certificates have it: in lower case, in ASCII (`xn--…`). Names of hosts, `*.example.com`, and
 * addresses. Throws SP0150 for what is none.
 */
export function certificateName(written: string): string {
  if (isIP(written) !== 0) return written.toLowerCase();
  const isWildcard = written.startsWith('*.');
  const bare = isWildcard ? written.slice(2) : written;
  // What ends a host in an address of the web would be cut off in silence.
  const ascii = OTHER.test(bare) ? '' : domainToASCII(bare);
  const name = isWildcard ? `*.${ascii}` : ascii;
  if (ascii === '' || isIP(ascii) !== 0 || name.length > 253 || !DNS_NAME.test(name)) {
    throw certificateError('SP0150', { name: written });
  }
  return name;
}

/** addressBytes are the 4 or 16 bytes of an address. */
export function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  // The URL parser knows every form of IPv6 and writes one, without dots.
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const words = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const before = words(head);
  const behind = tail === undefined ? [] : words(tail);
  const zeros = Array.from({ length: 8 - before.length - behind.length }, () => '0');
  const bytes = Buffer.alloc(16);
  for (const [at, word] of [...before, ...zeros, ...behind].entries()) {
    bytes.writeUInt16BE(Number.parseInt(word, 16), 2 * at);
  }
  return bytes;
}
