/**
 * The functions of connection-match. Data threads; hot path. Must not import the manifest.
 *
 * What they read is worked out once a connection; here is only what of it may be told.
 */
import type { DataEntry } from '@sluice/core/plugin';
import { type CertificateFacts, type RequestFacts, safeText } from '@sluice/dsl/match';

type Reader = NonNullable<DataEntry['fields']>[string];

/** said leaves out what is empty: a field that is not there. */
function said(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

function many(texts: readonly string[] | undefined): readonly string[] | undefined {
  return texts === undefined || texts.length === 0 ? undefined : texts;
}

/** good is the client's certificate if it is verified: anything may stand in another. */
function good({ tls }: RequestFacts): CertificateFacts | undefined {
  const certificate = tls?.certificate ?? null;
  return certificate === null || certificate.problem !== '' ? undefined : certificate;
}

const clientCertificate: Reader = ({ tls }) => {
  const certificate = tls?.certificate ?? null;
  if (certificate === null) return 'none';
  return certificate.problem === '' ? 'verified' : 'unverified';
};

const proxyClientCertificate: Reader = ({ proxied }) => {
  const tls = proxied?.tls ?? null;
  if (tls === null || !tls.hasClientCertificate) return 'none';
  return tls.isVerified ? 'verified' : 'unverified';
};

export const fields: NonNullable<DataEntry['fields']> = {
  'tls version': ({ tls }) => said(tls?.version),
  'tls cipher': ({ tls }) => said(tls?.cipher),
  'tls alpn': ({ tls }) => said(tls?.alpn),
  'tls session': ({ tls }) => (tls === undefined || tls === null ? undefined : tls.isResumed ? 'resumed' : 'new'),
  'client certificate': clientCertificate,
  'client certificate problem': ({ tls }) => said(tls?.certificate?.problem),
  'client certificate subject': (facts) => said(good(facts)?.subject),
  'client certificate cn': (facts) => said(good(facts)?.commonName),
  'client certificate issuer': (facts) => said(good(facts)?.issuer),
  'client certificate dns': (facts) => many(good(facts)?.dnsNames),
  'client certificate email': (facts) => many(good(facts)?.emails),
  'client certificate uri': (facts) => many(good(facts)?.uris),
  'client certificate serial': (facts) => said(good(facts)?.serial),
  'client certificate fingerprint': ({ tls }) => said(tls?.certificate?.fingerprint),
  'client certificate expires': (facts) => said(good(facts)?.expires),
  'proxy sni': ({ proxied }) => said(proxied?.authority),
  'proxy alpn': ({ proxied }) => said(proxied?.alpn),
  'proxy id': ({ proxied }) => said(proxied?.uniqueId),
  'proxy tls version': ({ proxied }) => said(safeText(proxied?.tls?.version ?? '')),
  'proxy tls cipher': ({ proxied }) => said(safeText(proxied?.tls?.cipher ?? '')),
  'proxy client certificate': proxyClientCertificate,
  'proxy client certificate cn': ({ proxied }) => {
    const tls = proxied?.tls ?? null;
    return tls === null || !tls.isVerified ? undefined : said(safeText(tls.commonName));
  },
};
