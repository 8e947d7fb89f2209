/**
 * RevocationCheck: is a file one of lists of revoked certificates (CRL, RFC 5280 section 5) that clients can be judged by. Main thread.
 */
import forge from 'node-forge';

type Node = forge.asn1.Asn1;

const { UTCTIME, GENERALIZEDTIME } = forge.asn1.Type;

/** checkRevocations throws one line for a file without lists, and for a list that is out of date: OpenSSL would then refuse every client. */
export function checkRevocations(pem: string, now: Date): void {
  let blocks: readonly forge.pem.ObjectPEM[];
  try {
    blocks = forge.pem.decode(pem);
  } catch {
    throw new Error('it is not PEM: turn DER into PEM with `openssl crl -inform der`');
  }
  const lists = blocks.filter(({ type }) => type === 'X509 CRL');
  if (lists.length === 0) throw new Error('there is no list of revoked certificates (X509 CRL) in it');
  for (const { body } of lists) {
    const until = goodUntil(body);
    if (until < now) {
      const time = until.toISOString().slice(0, 16).replace('T', ' ');
      throw new Error(
        `a list in it was good until ${time} UTC, and with it every client would be refused: fetch a new one`,
      );
    }
  }
}

/** goodUntil is when the next list is due; a list that does not say is good for ever. */
function goodUntil(der: string): Date {
  const FOR_EVER = new Date(8.64e15);
  try {
    const [signed] = children(forge.asn1.fromDer(der));
    const times = children(signed!).filter(({ type }) => type === UTCTIME || type === GENERALIZEDTIME);
    const next = times[1];
    if (next === undefined) return FOR_EVER;
    const text = String(next.value);
    return next.type === UTCTIME ? forge.asn1.utcTimeToDate(text) : forge.asn1.generalizedTimeToDate(text);
  } catch {
    throw new Error('a list in it cannot be read');
  }
}

function children(node: Node): Node[] {
  if (!Array.isArray(node.value)) throw new Error('no sequence');
  return node.value;
}
