/**
 * OwnCertificate: checks of certificates whose clients are not asked for theirs, and whose level is decided elsewhere. Main thread.
 */
import { resolve } from 'node:path';
import type { ValidateHost } from '@sluice/core/plugin';
import type { Args } from '@sluice/dsl/plan';
import type { CertificateFile } from '../serve/certificate-file.ts';
import type { ContextOptions } from '../serve/credentials.ts';
import { FileCheck } from './file-check.ts';
import { passwordOf } from './password.ts';

/** What OpenSSL is asked with: whatever some level allows is good enough. */
const ANY_VERSION: ContextOptions = { level: 'old', min: null, password: null, clientCa: null, clientCrl: null };

/**
 * checkOwnCertificate checks a certificate that the gateway itself shows, to servers: it must be whole, but its chain may end where
 * it likes, as the server knows the authority. Rejects with SP0101 to SP0138.
 */
export async function checkOwnCertificate(
  options: { readonly cert: string; readonly key: string | null; readonly password: Args[string] },
  baseDir: string,
  host: ValidateHost,
  now = new Date(),
): Promise<CertificateFile> {
  const password = passwordOf(options, host);
  const read = { ...ANY_VERSION, password };
  const cert = resolve(baseDir, options.cert);
  const key = options.key === null ? null : resolve(baseDir, options.key);
  return new FileCheck(cert, key, read, host, now, false).run();
}

/**
 * checkKeptCertificate checks the file that a source of certificates keeps, with its key. Warnings are not reported, as it is the source
 * that renews it. Rejects with SP0101 to SP0137.
 */
export async function checkKeptCertificate(
  file: string,
  host: ValidateHost,
  now = new Date(),
): Promise<CertificateFile> {
  return new FileCheck(file, null, ANY_VERSION, { ...host, warn: () => {} }, now).run();
}
