/**
 * RevocationCheck: is a file one of lists of revoked certificates (CRL, RFC 5280 section 5) that clients can be judged by. Main thread.
 */
import { certificateError } from '../errors.ts';
import { asn1, fromDer, type Node, type PemBlock, pem } from '../forge.ts';
import { minuteOf } from './certificate-text.ts';

/** Types of time (X.690, section 8.25 and 8.26). */
const UTCTIME = 23;
const GENERALIZEDTIME = 24;

/**
 * checkRevocations throws SP0141 to SP0144 for a file without lists, and for a list that is out of date: OpenSSL would then refuse every
 * client. `file` is the file as messages name it.
 */
export function checkRevocations(file: string, text: string, now: Date): void {
  let blocks: readonly PemBlock[];
  try {
    blocks = pem.decode(text);
  } catch {
    throw certificateError('SP0141', { file });
  }
  const lists = blocks.filter(({ type }) => type === 'X509 CRL');
  if (lists.length === 0) throw certificateError('SP0142', { file });
  for (const { body } of lists) {
    const until = goodUntil(file, body);
    if (until < now) throw certificateError('SP0143', { file, time: minuteOf(until) });
  }
}

/** goodUntil is when the next list is due; a list that does not say is good forever. */
function goodUntil(file: string, der: string): Date {
  const FOR_EVER = new Date(8.64e15);
  try {
    const [signed] = children(fromDer(der));
    const times = children(signed!).filter(({ type }) => type === UTCTIME || type === GENERALIZEDTIME);
    const next = times[1];
    if (next === undefined) return FOR_EVER;
    const text = String(next.value);
    return next.type === UTCTIME ? asn1.utcTimeToDate(text) : asn1.generalizedTimeToDate(text);
  } catch (thrown) {
    throw certificateError('SP0144', { file }, thrown);
  }
}

function children(node: Node): Node[] {
  if (!Array.isArray(node.value)) throw new TypeError('no sequence');
  return node.value;
}
