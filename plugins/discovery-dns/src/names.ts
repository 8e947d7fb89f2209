/**
 * Names: is something a DNS name, is something a DNS server's address. Main thread.
 */
import { isIP } from 'node:net';
import { dnsError } from './errors.ts';

/** checkName throws an Error for people when a text cannot be a DNS name. */
export function checkName(text: string): void {
  if (isIP(text) !== 0) throw dnsError('SP0601', { text });
  const labels = text.replace(/\.$/, '').split('.');
  const isName =
    text.length <= 253 && labels.every((label) => /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/.test(label));
  if (!isName) throw dnsError('SP0602', { text });
}

/** checkResolver throws an Error for people when a text is not `IP`, `IP:PORT` or `[IPv6]:PORT`. */
export function checkResolver(text: string): void {
  if (isIP(text) !== 0) return;
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const isGood = match !== null && (match[1] === undefined ? isIP(match[2]!) === 4 : isIP(match[1]) === 6);
  if (!isGood || port < 1 || port > 65535) {
    throw dnsError('SP0603', { text });
  }
}
