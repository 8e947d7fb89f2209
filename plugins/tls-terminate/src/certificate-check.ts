/**
 * CertificateCheck: is what `tls terminate` names a certificate that can be served. Main thread, when a plan is checked or
 * loaded; never while traffic runs.
 *
 * Each problem is one line that names the file and says the mend. In the end OpenSSL itself has its say, so that what
 * passes here also loads in a data thread.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Args } from '@sluice/dsl/plan';
import forge from 'node-forge';
import { type CredentialFiles, credentialFiles, secureContext } from './credentials.ts';

type Block = forge.pem.ObjectPEM;

/** More than any chain of certificates; a larger file is a mistake. */
const MOST_BYTES = 1024 * 1024;

/** checkCertificate returns the options with absolute paths. Rejects with one line for people. */
export async function checkCertificate(options: Args, baseDir: string, now: Date = new Date()): Promise<Args> {
  const written = credentialFiles(options);
  const files: CredentialFiles = {
    cert: resolve(baseDir, written.cert),
    key: resolve(baseDir, written.key),
    min: written.min,
  };
  const isOneFile = files.cert === files.key;
  const cert = await readBytes('cert', files.cert);
  const certBlocks = blocksOf('cert', files.cert, cert);
  const certificates = certificatesOf(files.cert, certBlocks);
  const key = isOneFile ? cert : await readBytes('key', files.key);
  const keyBlocks = isOneFile ? certBlocks : blocksOf('key', files.key, key);
  const privateKey = privateKeyOf(files, keyBlocks);
  checkPair(files, certificates, privateKey);
  checkDates(files.cert, certificates[0]!, now);
  try {
    secureContext({ cert, key }, files.min);
  } catch (thrown) {
    throw new Error(`cert ${quote(files.cert)} is refused by OpenSSL: ${reasonOf(thrown)}`);
  }
  return isOneFile ? { cert: files.cert, min: files.min } : { cert: files.cert, key: files.key, min: files.min };
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of its path is no folder',
  EACCES: 'permission denied: let the user that runs the gateway read it',
  EPERM: 'permission denied: let the user that runs the gateway read it',
  ELOOP: 'its links lead round in a circle',
};

async function readBytes(role: 'cert' | 'key', path: string): Promise<Buffer> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw new Error('it is a folder: name a PEM file in it');
    if (!found.isFile()) throw new Error('it is not a file');
    if (found.size > MOST_BYTES) throw new Error(`it has ${found.size} bytes, which no certificate or key has`);
    return await readFile(path);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    throw new Error(`${role} ${quote(path)}: ${REASONS[code ?? ''] ?? reasonOf(thrown)}`);
  }
}

function blocksOf(role: 'cert' | 'key', path: string, bytes: Buffer): readonly Block[] {
  try {
    return forge.pem.decode(bytes.toString('latin1'));
  } catch {
    if (bytes.length === 0) throw new Error(`${role} ${quote(path)}: it is empty`);
    // DER, and PKCS#12 too, begin with a SEQUENCE.
    const mend =
      bytes[0] === 0x30
        ? 'it looks like DER or PKCS#12, so turn it into PEM with `openssl x509 -inform der`, `openssl pkey` or `openssl pkcs12`'
        : 'PEM has lines such as `-----BEGIN CERTIFICATE-----`';
    throw new Error(`${role} ${quote(path)}: it is not PEM: ${mend}`);
  }
}

function certificatesOf(path: string, blocks: readonly Block[]): readonly X509Certificate[] {
  const found = blocks.filter(({ type }) => /^(?:X509 |TRUSTED )?CERTIFICATE$/.test(type));
  if (found.length === 0) {
    const held = [...new Set(blocks.map(({ type }) => type))].join(', ');
    throw new Error(`cert ${quote(path)}: there is no certificate in it, only ${held}`);
  }
  return found.map((block, index) => {
    try {
      return new X509Certificate(forge.pem.encode(block));
    } catch (thrown) {
      throw new Error(`cert ${quote(path)}: its certificate ${index + 1} is broken: ${reasonOf(thrown)}`);
    }
  });
}

function privateKeyOf({ cert, key }: CredentialFiles, blocks: readonly Block[]): KeyObject {
  const block = blocks.find(({ type }) => type.endsWith('PRIVATE KEY'));
  if (block === undefined) {
    throw new Error(
      cert === key
        ? `cert ${quote(cert)}: there is no private key in it: add one, or name its file with \`key\``
        : `key ${quote(key)}: there is no private key in it`,
    );
  }
  const where = cert === key ? `cert ${quote(cert)}: its private key` : `key ${quote(key)}: the private key`;
  // RFC 5958 says it in the label, and the older form of RFC 1421 in a header.
  if (block.type === 'ENCRYPTED PRIVATE KEY' || block.procType?.type === 'ENCRYPTED') {
    throw new Error(`${where} is encrypted: write it out plain with \`openssl pkey\`, for the gateway's user alone`);
  }
  try {
    return createPrivateKey(forge.pem.encode(block));
  } catch (thrown) {
    throw new Error(`${where} is broken: ${reasonOf(thrown)}`);
  }
}

function checkPair({ cert, key }: CredentialFiles, certificates: readonly X509Certificate[], own: KeyObject): void {
  const [first] = certificates;
  if (first!.checkPrivateKey(own)) return;
  const at = certificates.findIndex((certificate) => certificate.checkPrivateKey(own));
  const said = cert === key ? 'its private key' : `key ${quote(key)}`;
  if (at !== -1) {
    throw new Error(
      `cert ${quote(cert)}: ${said} belongs to certificate ${at + 1}, ${nameOf(certificates[at]!)}: put that one first`,
    );
  }
  throw new Error(
    `cert ${quote(cert)}: ${said} does not match the certificate of ${nameOf(first!)}: use the key that it was made with`,
  );
}

/** The dates of the site's own certificate: those of the others are for the client to judge, which may know better roots. */
function checkDates(path: string, certificate: X509Certificate, now: Date): void {
  const { validFromDate, validToDate } = certificate;
  const whose = `cert ${quote(path)}: the certificate of ${nameOf(certificate)}`;
  if (now > validToDate) throw new Error(`${whose} expired on ${dayOf(validToDate)}: renew it`);
  if (now < validFromDate) {
    throw new Error(`${whose} is not valid before ${dayOf(validFromDate)}: look at this machine's clock, or wait`);
  }
}

/** nameOf is the first name that a certificate is for, or its subject. */
function nameOf({ subjectAltName, subject }: X509Certificate): string {
  const name = subjectAltName?.split(', ')[0]?.replace(/^(?:DNS|IP Address):/, '');
  return quote(name ?? subject?.split('\n').at(-1) ?? '');
}

function dayOf(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function quote(text: string): string {
  return `\`${text}\``;
}

/** OpenSSL's messages look like `error:0A00018F:SSL routines::ee key too small`; the last part is for people. */
function reasonOf(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return (/^error:[0-9A-F]+:[^:]*:[^:]*:(.+)$/.exec(message)?.[1] ?? message).split('\n')[0]!;
}
