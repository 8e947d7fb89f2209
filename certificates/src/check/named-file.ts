/**
 * NamedFile: a file that a rule names, read within bounds, and the PEM in it. Main thread.
 */
import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { PluginError } from '@sluice/core/plugin';
import { certificateError } from '../errors.ts';
import { type PemBlock, pem } from '../forge.ts';
import { isPkcs12 } from '../serve/credentials.ts';
import { quote, reasonOf } from './certificate-text.ts';

/** More than any chain of certificates; a larger file is a mistake. */
const MOST_BYTES = 1024 * 1024;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of its path is no folder',
  EACCES: 'permission denied: let the user that runs the gateway read it',
  EPERM: 'permission denied: let the user that runs the gateway read it',
  ELOOP: 'its links lead round in a circle',
};

/** fileReason is why a file cannot be read. */
export function fileReason(thrown: unknown): string {
  return REASONS[(thrown as NodeJS.ErrnoException).code ?? ''] ?? reasonOf(thrown);
}

/** What a rule says before the file. */
export type Role = 'cert' | 'key' | 'ca' | 'client certificate from' | 'revoked in';

/** fileName is a file as messages name it. */
export function fileName(role: Role, path: string): string {
  return `${role} ${quote(path)}`;
}

/** readNamed reads a file. Rejects with SP0101 to SP0104. */
export async function readNamed(role: Role, path: string): Promise<Buffer> {
  const file = fileName(role, path);
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw certificateError('SP0102', { file });
    if (!found.isFile()) throw certificateError('SP0103', { file });
    if (found.size > MOST_BYTES) throw certificateError('SP0104', { file, bytes: found.size });
    return await readFile(path);
  } catch (thrown) {
    if (thrown instanceof PluginError) throw thrown;
    throw certificateError('SP0101', { file, reason: fileReason(thrown) }, thrown);
  }
}

/** blocksOf are the blocks of PEM in a file. Throws SP0105 to SP0107. */
export function blocksOf(role: Role, path: string, bytes: Buffer): readonly PemBlock[] {
  try {
    return pem.decode(bytes.toString('latin1'));
  } catch {
    const file = fileName(role, path);
    if (bytes.length === 0) throw certificateError('SP0105', { file });
    // DER, and PKCS#12 too, begin with a SEQUENCE.
    throw certificateError(isPkcs12(bytes) ? 'SP0107' : 'SP0106', { file });
  }
}

/** certificatesOf are the certificates among blocks of PEM. Throws SP0108 and SP0109. */
export function certificatesOf(role: Role, path: string, blocks: readonly PemBlock[]): readonly X509Certificate[] {
  const found = blocks.filter(({ type }) => /^(?:X509 |TRUSTED )?CERTIFICATE$/.test(type));
  const file = fileName(role, path);
  if (found.length === 0) {
    const held = [...new Set(blocks.map(({ type }) => type))].join(', ');
    throw certificateError('SP0108', { file, held });
  }
  return found.map((block, index) => {
    try {
      return new X509Certificate(pem.encode(block));
    } catch (thrown) {
      throw certificateError('SP0109', { file, number: index + 1, reason: reasonOf(thrown) }, thrown);
    }
  });
}
