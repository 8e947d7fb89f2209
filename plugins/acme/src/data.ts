/**
 * The data entry of acme: what an authority that comes to look is shown. Data threads. Must not import the manifest.
 */
import type { DataEntry } from '@sluice/core/plugin';

/** RFC 8555, section 8.3. */
const PATH = '/.well-known/acme-challenge/';
/** RFC 8737, section 3. */
const PROTOCOL = 'acme-tls/1';

export const certificateProofs: NonNullable<DataEntry['certificateProofs']> = {
  acme: ({ notice, hasNotices }) => ({
    isExpecting: hasNotices,
    path: PATH,
    answer({ method, path }) {
      const token = path.slice(PATH.length);
      if ((method !== 'GET' && method !== 'HEAD') || !/^[\w-]{1,256}$/.test(token)) return null;
      const body = notice(`http ${token}`);
      if (body === null) return null;
      const headers = [
        ['Content-Type', 'application/octet-stream'],
        ['Cache-Control', 'no-store'],
      ] as const;
      return { status: 200, headers, body };
    },
    protocol: PROTOCOL,
    certificate: (name) => notice(`tls ${name}`),
  }),
};
