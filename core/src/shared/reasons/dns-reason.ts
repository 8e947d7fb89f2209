/**
 * DnsReason: what c-ares says when a question has no answer, for people. Main thread.
 */

/** "There is no such name", and "the name has no such records". */
const NEGATIVE = new Set(['ENOTFOUND', 'ENODATA']);
const REASONS: Readonly<Record<string, string>> = {
  ESERVFAIL: 'the DNS server failed (SERVFAIL)',
  EREFUSED: 'the DNS server refused',
  ETIMEOUT: 'the DNS server does not answer',
  ECONNREFUSED: 'no DNS server is there',
  EBADRESP: 'the DNS server sent rubbish',
  EFORMERR: 'the DNS server did not understand',
  ENOTIMP: 'the DNS server cannot do that',
  ECANCELLED: 'the question was called off',
};

/** saysNone: the code is an answer, that there is nothing. */
export function saysNone(code: string): boolean {
  return NEGATIVE.has(code);
}

/** dnsReason is why nobody could be asked. */
export function dnsReason(code: string): string {
  return REASONS[code] ?? `the DNS server cannot be asked (${code})`;
}
