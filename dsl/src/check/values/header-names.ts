/**
 * HeaderNames: the header fields in common use, to notice a misspelled one. Main thread.
 */
import { distance } from '../../diagnostics/suggestion.ts';

const KNOWN = `accept accept-charset accept-encoding accept-language accept-ranges access-control-allow-credentials
access-control-allow-headers access-control-allow-methods access-control-allow-origin access-control-expose-headers
access-control-max-age access-control-request-headers access-control-request-method age allow alt-svc authorization
cache-control clear-site-data connection content-disposition content-encoding content-language content-length
content-location content-range content-security-policy content-type cookie cross-origin-embedder-policy
cross-origin-opener-policy cross-origin-resource-policy date dnt early-data etag expect expires forwarded from host
idempotency-key if-match if-modified-since if-none-match if-range if-unmodified-since keep-alive last-modified link
location max-forwards origin permissions-policy pragma priority proxy-authenticate proxy-authorization range referer
referrer-policy retry-after sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user sec-websocket-key
sec-websocket-protocol sec-websocket-version server set-cookie strict-transport-security te trailer transfer-encoding
traceparent tracestate upgrade upgrade-insecure-requests user-agent vary via warning www-authenticate
x-content-type-options x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto x-frame-options x-powered-by
x-real-ip x-request-id x-requested-with x-robots-tag x-xss-protection`.split(/\s+/);

const KNOWN_SET: ReadonlySet<string> = new Set(KNOWN);

/** misspelledHeader returns the known name that a long unknown one is a slip away from, written as usual, or null. */
export function misspelledHeader(name: string): string | null {
  const lower = name.toLowerCase();
  if (lower.length < 6 || KNOWN_SET.has(lower)) return null;
  let found = looked.get(lower);
  if (found === undefined) {
    found = lookFor(lower);
    if (looked.size < MOST_LOOKED) looked.set(lower, found);
  }
  return found;
}

/** Names that were looked for: files that name a header name it often. */
const looked = new Map<string, string | null>();
const MOST_LOOKED = 1000;

function lookFor(lower: string): string | null {
  for (const known of KNOWN) {
    if (Math.abs(known.length - lower.length) <= 1 && known.length >= 6 && distance(lower, known) === 1)
      return capitalised(known);
  }
  return null;
}

/** knownHeaders are the names in common use, written as usual. */
export function knownHeaders(): string[] {
  return KNOWN.map(capitalised);
}

function capitalised(name: string): string {
  return name.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase());
}
