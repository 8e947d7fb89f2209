/**
 * Chain: the certificates of a file, as far as it matters when they are renewed. Main thread.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { der } from '@sluice/certificates/make';
import { AcmeError } from './acme-error.ts';

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
const MOST_CERTIFICATES = 10;

export interface Chain {
  readonly certificate: X509Certificate;
  readonly fromMs: number;
  readonly toMs: number;
  /** PEM, without anything that stood between the certificates. */
  readonly pem: string;
}

/** chainOf reads what an authority sent. Throws AcmeError for what is not the certificate that was asked for. */
export function chainOf(text: string, names: readonly string[], key: KeyObject): Chain {
  const blocks = text.match(BLOCK) ?? [];
  if (blocks.length === 0) throw new AcmeError('the authority sent no certificate');
  if (blocks.length > MOST_CERTIFICATES) throw new AcmeError(`the authority sent ${blocks.length} certificates`);
  let certificates: X509Certificate[];
  try {
    certificates = blocks.map((block) => new X509Certificate(block));
  } catch {
    throw new AcmeError('the authority sent a certificate that cannot be read');
  }
  const [certificate] = certificates;
  if (!certificate!.checkPrivateKey(key)) throw new AcmeError('the authority’s certificate is for another key');
  const missing = names.find((name) => certificate!.checkHost(name) === undefined);
  if (missing !== undefined) throw new AcmeError(`the authority’s certificate is not for ${missing}`);
  return {
    certificate: certificate!,
    fromMs: certificate!.validFromDate.getTime(),
    toMs: certificate!.validToDate.getTime(),
    pem: certificates.map(String).join(''),
  };
}

/** keptChain reads a file that is kept; null: it contains no certificate for these names with its key. */
export function keptChain(text: string | null, names: readonly string[], isRsa: boolean): Chain | null {
  if (text === null) return null;
  try {
    const key = createPrivateKey(text);
    return (key.asymmetricKeyType === 'rsa') === isRsa ? chainOf(text, names, key) : null;
  } catch {
    return null;
  }
}

const AUTHORITY_KEY_ID = '2.5.29.35';

/** renewalId is how renewal information names a certificate (RFC 9773, section 4.1); null: it lacks what that is made of. */
export function renewalId({ raw }: X509Certificate): string | null {
  const [tbs] = der.partsOf(der.decode(raw));
  const parts = der.partsOf(tbs!);
  const serial = parts[1];
  const list = parts.find((part) => part.type === (3 as never) && part.tagClass === (0x80 as never));
  for (const each of list === undefined ? [] : der.partsOf(der.partsOf(list)[0]!)) {
    const [oid, ...rest] = der.partsOf(each);
    if (der.dottedOf(oid!) !== AUTHORITY_KEY_ID) continue;
    const keyId = der.partsOf(der.decode(der.bytesOf(rest.at(-1)!))).find((part) => part.type === (0 as never));
    if (keyId === undefined || serial === undefined) return null;
    return `${der.bytesOf(keyId).toString('base64url')}.${der.bytesOf(serial).toString('base64url')}`;
  }
  return null;
}
