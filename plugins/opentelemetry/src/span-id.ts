/**
 * SpanId: IDs of spans that only the collector knows. Data threads.
 */
import { randomBytes } from 'node:crypto';

/** randomSpanId is 16 hexadecimal digits, which are never all zero. */
export function randomSpanId(): string {
  for (;;) {
    const id = randomBytes(8).toString('hex');
    if (!/^0+$/.test(id)) return id;
  }
}
