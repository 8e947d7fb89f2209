/**
 * TrustedFile: files of authorities that are trusted, and of what they have revoked. Main thread.
 */
import { certificateError } from '../errors.ts';
import { nameOf } from './certificate-text.ts';
import { blocksOf, certificatesOf, fileName, readNamed } from './named-file.ts';
import { checkRevocations } from './revocation-check.ts';

/** checkTrusted rejects with SP0101 to SP0109 for a file without certificates to trust. */
export async function checkTrusted(path: string): Promise<void> {
  certificatesOf('ca', path, blocksOf('ca', path, await readNamed('ca', path)));
}

/** checkClientAuthorities rejects with SP0101 to SP0109, or SP0145 for a certificate that signs no others. */
export async function checkClientAuthorities(path: string): Promise<void> {
  const role = 'client certificate from';
  const bytes = await readNamed(role, path);
  for (const authority of certificatesOf(role, path, blocksOf(role, path, bytes))) {
    if (!authority.ca) throw certificateError('SP0145', { file: fileName(role, path), name: nameOf(authority) });
  }
}

/** checkRevoked rejects with SP0101 to SP0104, or SP0141 to SP0144 for a file that no client could be judged by. */
export async function checkRevoked(path: string, now: Date): Promise<void> {
  const bytes = await readNamed('revoked in', path);
  checkRevocations(fileName('revoked in', path), bytes.toString('latin1'), now);
}
