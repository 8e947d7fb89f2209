/**
 * ChainCheck: do the certificates of a file lead from the site's own to a root that clients can know. Main thread.
 *
 * What is certainly wrong is refused. Whether clients trust a root is theirs to say, so a chain that ends at an unknown issuer
 * is only warned of.
 */
import type { X509Certificate } from 'node:crypto';
import { X509Certificate as Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { certificateError } from '../errors.ts';
import { titleOf } from './certificate-text.ts';

let rootNames: ReadonlySet<string> | null = null;

function isKnownRoot(subject: string): boolean {
  rootNames ??= new Set(rootCertificates.map((pem) => new Certificate(pem).subject));
  return rootNames.has(subject);
}

/**
 * checkChain throws SP0119 to SP0121 for a chain that is out of order, and returns a warning for one that is cut short, or null.
 * `file` is the file as messages name it.
 */
export function checkChain(file: string, certificates: readonly X509Certificate[]): string | null {
  for (let at = 1; at < certificates.length; at++) {
    const issued = certificates[at - 1]!;
    const issuer = certificates[at]!;
    if (isIssuedBy(issued, issuer)) continue;
    const later = certificates.findIndex((other) => other !== issued && isIssuedBy(issued, other));
    const said = {
      file,
      issuerNumber: at + 1,
      issuer: titleOf(issuer.subject),
      number: at,
      name: titleOf(issued.subject),
    };
    if (later !== -1) throw certificateError('SP0119', { ...said, right: later + 1 });
    if (issued.subject === issued.issuer) throw certificateError('SP0120', said);
    throw certificateError('SP0121', { ...said, right: titleOf(issued.issuer) });
  }
  const last = certificates.at(-1)!;
  if (last.subject === last.issuer || isKnownRoot(last.issuer)) return null;
  return (
    `the chain ends with ${titleOf(last.subject)}, which was issued by ${titleOf(last.issuer)}: clients that do not have that one ` +
    'already will not trust it. Put it behind the others unless it is the root of your own authority'
  );
}

function isIssuedBy(issued: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return issued.checkIssued(issuer) && issued.verify(issuer.publicKey);
  } catch {
    return false;
  }
}
