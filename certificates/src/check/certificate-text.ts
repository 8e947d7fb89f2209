/**
 * CertificateText: how messages write certificates, times and OpenSSL's reasons. Main thread.
 */
import type { X509Certificate } from 'node:crypto';

/** nameOf is the first name that a certificate is for, or its subject, quoted. */
export function nameOf({ subjectAltName, subject }: X509Certificate): string {
  const name = subjectAltName?.split(', ')[0]?.replace(/^(?:DNS|IP Address):/, '');
  return quote(name ?? subject?.split('\n').at(-1) ?? '');
}

/** titleOf is the common name of a subject, or all of it, quoted. */
export function titleOf(subject: string): string {
  const line = subject?.split('\n').findLast((each) => each.startsWith('CN=')) ?? subject?.replaceAll('\n', ', ');
  return quote((line ?? '').replace(/^CN=/, ''));
}

/** minuteOf is a time of UTC to the minute, without the zone. */
export function minuteOf(date: Date): string {
  return date.toISOString().slice(0, 16).replace('T', ' ');
}

export function quote(text: string): string {
  return `\`${text}\``;
}

/** reasonOf is an error in one line. OpenSSL's look like `error:0A00018F:SSL routines::ee key too small`; the last part is for people. */
export function reasonOf(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return (/^error:[0-9A-F]+:[^:]*:[^:]*:(.+)$/.exec(message)?.[1] ?? message).split('\n')[0]!;
}
