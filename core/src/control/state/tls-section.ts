/**
 * TlsSection: the secret that TLS session tickets are sealed with, so that clients resume their sessions with the next process. Main thread.
 *
 * For another process in memory only, never for the disk.
 */
import { SECRET_BYTES } from '../../shared/tables/stick-clock.ts';
import { ByteReader } from './byte-reader.ts';
import type { Section, WrittenSection } from './snapshot.ts';

export const TLS_SECTION = 'tls';
const VERSION = 1;

export function encodeTls(secret: Uint8Array): WrittenSection {
  return { name: TLS_SECTION, version: VERSION, pieces: [Uint8Array.from(secret)] };
}

/** decodeTls throws for what it cannot read. */
export function decodeTls({ version, bytes }: Section): Uint8Array {
  if (version !== VERSION) throw new Error(`it has version ${version}, this release reads ${VERSION}`);
  const reader = new ByteReader(bytes);
  const secret = reader.bytes(SECRET_BYTES);
  reader.end();
  return secret;
}
