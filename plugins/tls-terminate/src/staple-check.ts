/**
 * StapleCheck: is an OCSP answer (RFC 6960) one that can be sent along with a certificate. Main thread.
 *
 * It must say that the certificate with this number is good, and until when; its signature is for clients to verify.
 */
import type { X509Certificate } from 'node:crypto';
import forge from 'node-forge';

type Node = forge.asn1.Asn1;

const SUCCESSFUL = 0;
const GOOD_TAG = 0;
const BASIC = '1.3.6.1.5.5.7.48.1.1';

/** checkStaple throws one line for an answer that no client would take. */
export function checkStaple(der: Buffer, certificate: X509Certificate, now: Date): void {
  let single: Node;
  try {
    single = singleOf(der, certificate);
  } catch (thrown) {
    if (thrown instanceof BadStaple) throw thrown;
    throw new Error('it is not an OCSP answer: it should be DER, as `openssl ocsp -respout` writes it');
  }
  const [, status, , next] = children(single);
  if (status!.type !== GOOD_TAG) throw new Error('it says that the certificate is not good');
  if (next === undefined || next.type !== 0) throw new Error('it does not say when the next one is due');
  const until = forge.asn1.generalizedTimeToDate(String(children(next)[0]!.value));
  if (until < now)
    throw new Error(`it was good until ${until.toISOString().slice(0, 16).replace('T', ' ')} UTC: fetch a new one`);
}

class BadStaple extends Error {}

function children(node: Node): Node[] {
  if (!Array.isArray(node.value)) throw new BadStaple('it is not an OCSP answer');
  return node.value;
}

function singleOf(der: Buffer, certificate: X509Certificate): Node {
  const [status, bytes] = children(forge.asn1.fromDer(der.toString('latin1')));
  if (String(status!.value).charCodeAt(0) !== SUCCESSFUL) throw new BadStaple('it is a refusal of the authority');
  const [type, answer] = children(children(bytes!)[0]!);
  if (forge.asn1.derToOid(forge.util.createBuffer(String(type!.value))) !== BASIC)
    throw new BadStaple('its kind is unknown');
  const basic = forge.asn1.fromDer(String(answer!.value));
  // The list of answers is the first sequence of ResponseData that holds sequences which begin with one.
  const data = children(children(basic)[0]!);
  const list = data.find((node) => node.type === forge.asn1.Type.SEQUENCE && Array.isArray(node.value));
  const wanted = certificate.serialNumber.replace(/^0+/, '').toUpperCase();
  for (const single of children(list!)) {
    const serial = Buffer.from(String(children(children(single)[0]!)[3]!.value), 'latin1');
    if (serial.toString('hex').replace(/^0+/, '').toUpperCase() === wanted) return single;
  }
  throw new BadStaple('it is for another certificate');
}
