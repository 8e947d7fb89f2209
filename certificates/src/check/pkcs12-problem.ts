/**
 * Pkcs12Problem: what is wrong with a file that begins as PKCS#12 does and that OpenSSL refuses. Main thread.
 */
import { X509Certificate } from 'node:crypto';
import type { PluginError } from '@sluice/core/plugin';
import { certificateError } from '../errors.ts';
import { reasonOf } from './certificate-text.ts';

/** pkcs12Problem returns SP0133 to SP0137. `file` is the file as messages name it, `thrown` what OpenSSL says. */
export function pkcs12Problem(file: string, bytes: Buffer, thrown: unknown, hasPassword: boolean): PluginError {
  const reason = reasonOf(thrown);
  if (isCertificate(bytes)) return certificateError('SP0133', { file });
  if (/unsupported/i.test(reason)) return certificateError('SP0134', { file }, thrown);
  if (/mac verify|invalid password|bad decrypt/i.test(reason)) {
    return certificateError(hasPassword ? 'SP0135' : 'SP0136', { file }, thrown);
  }
  return certificateError('SP0137', { file, reason }, thrown);
}

function isCertificate(bytes: Buffer): boolean {
  try {
    new X509Certificate(bytes);
    return true;
  } catch {
    return false;
  }
}
