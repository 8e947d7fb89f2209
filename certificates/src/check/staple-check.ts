/**
 * StapleCheck: is an OCSP answer (RFC 6960) one that can be sent along with a certificate. Main thread.
 *
 * It must say that the certificate with this number is good, and until when; its signature is for clients to verify.
 */
import type { X509Certificate } from 'node:crypto';
import { PluginError } from '@sluice/core/plugin';
import { certificateError } from '../errors.ts';
import { asn1, fromDer, type Node, oidOf } from '../forge.ts';
import { minuteOf } from './certificate-text.ts';

const SUCCESSFUL = 0;
const GOOD_TAG = 0;
const BASIC = '1.3.6.1.5.5.7.48.1.1';

/** checkStaple throws SP0123 to SP0129 for an answer that no client would take. `path` is its file. */
export function checkStaple(path: string, der: Buffer, certificate: X509Certificate, now: Date): void {
  const [, status, , next] = children(singleOf(path, der, certificate));
  if (status!.type !== GOOD_TAG) throw certificateError('SP0127', { path });
  if (next === undefined || next.type !== 0) throw certificateError('SP0128', { path });
  const until = asn1.generalizedTimeToDate(String(children(next)[0]!.value));
  if (until < now) throw certificateError('SP0129', { path, time: minuteOf(until) });
}

/** singleOf is what the answer says of the certificate. */
function singleOf(path: string, der: Buffer, certificate: X509Certificate): Node {
  try {
    return foundIn(path, der, certificate);
  } catch (thrown) {
    if (thrown instanceof PluginError) throw thrown;
    throw certificateError('SP0123', { path }, thrown);
  }
}

function children(node: Node): Node[] {
  if (!Array.isArray(node.value)) throw new TypeError('no sequence');
  return node.value;
}

function foundIn(path: string, der: Buffer, certificate: X509Certificate): Node {
  const [status, bytes] = children(fromDer(der.toString('latin1')));
  if (String(status!.value).charCodeAt(0) !== SUCCESSFUL) throw certificateError('SP0124', { path });
  const [type, answer] = children(children(bytes!)[0]!);
  if (oidOf(String(type!.value)) !== BASIC) throw certificateError('SP0125', { path });
  const basic = fromDer(String(answer!.value));
  // The list of answers is the first sequence of ResponseData that holds sequences which begin with one.
  const data = children(children(basic)[0]!);
  const list = data.find((node) => node.type === asn1.Type.SEQUENCE && Array.isArray(node.value));
  const wanted = certificate.serialNumber.replace(/^0+/, '').toUpperCase();
  for (const single of children(list!)) {
    const serial = Buffer.from(String(children(children(single)[0]!)[3]!.value), 'latin1');
    if (serial.toString('hex').replace(/^0+/, '').toUpperCase() === wanted) return single;
  }
  throw certificateError('SP0126', { path });
}
