/**
 * SelfSigned: certificates that the gateway signs itself, for trying things out: made once, and kept. Main thread.
 *
 * They are kept in the folder for state, so that who trusts one once need not do so again after each start.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { certificateName, keyPem, makeCertificate, makeKeyPair } from '@sluice/certificates/make';
import { requireKeepable, stateFolder } from '@sluice/certificates/store';
import type { PluginError } from '@sluice/core/plugin';
import { writeWhole } from '@sluice/core/whole-file';
import { terminateError } from './errors.ts';

const DAY_MS = 86_400_000;
const DAYS = 397;
/** One that ends sooner is created again. */
const LEAST_DAYS = 30;

/** selfSignedNames are the names for one that is written: for `localhost` its addresses too. Throws one line for what is no name. */
export function selfSignedNames(written: string): readonly string[] {
  const name = certificateName(written);
  return name === 'localhost' ? [name, '127.0.0.1', '::1'] : [name];
}

/** requireSelfSigned rejects with one line where `selfSignedFile` could not keep a certificate. It makes nothing. */
export async function requireSelfSigned(folder = stateFolder()): Promise<void> {
  await requireKeepable(folder).catch((thrown) => {
    throw unkept(folder, thrown);
  });
}

/** selfSignedFile returns the file with the certificate and its key, PEM, after it has made it where need be. Rejects with one line. */
export async function selfSignedFile(written: string, folder = stateFolder(), now = new Date()): Promise<string> {
  const names = selfSignedNames(written);
  const file = join(folder, `self-signed-${names[0]!.replace('*', '_').replaceAll(':', '_')}.pem`);
  if (await isGood(file, names, now)) return file;
  const { publicKey, privateKey } = await makeKeyPair('ecdsa');
  const wish = { publicKey, commonName: names[0]!, names, isAuthority: false, days: DAYS, now };
  const pem = makeCertificate(wish, privateKey) + keyPem(privateKey);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeWhole(file, pem);
  } catch (thrown) {
    throw unkept(folder, thrown);
  }
  return file;
}

function unkept(folder: string, thrown: unknown): PluginError {
  return terminateError('SP0205', { folder, reason: reasonOf(thrown) }, thrown);
}

async function isGood(file: string, names: readonly string[], now: Date): Promise<boolean> {
  try {
    const pem = await readFile(file, 'utf8');
    const certificate = new X509Certificate(pem);
    const isFor = (name: string): boolean =>
      (isIP(name) === 0 ? certificate.checkHost(name.replace('*', 'a')) : certificate.checkIP(name)) !== undefined;
    return (
      certificate.checkPrivateKey(createPrivateKey(pem)) &&
      certificate.validToDate.getTime() - now.getTime() > LEAST_DAYS * DAY_MS &&
      certificate.validFromDate <= now &&
      names.every(isFor)
    );
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EISDIR') throw terminateError('SP0206', { file, reason: code }, thrown);
    // It is not there, or is no certificate: another is made.
    return false;
  }
}

function reasonOf(thrown: unknown): string {
  const { code, message } = thrown as NodeJS.ErrnoException;
  return code === undefined ? message : code;
}
