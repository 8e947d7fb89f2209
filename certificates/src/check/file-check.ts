/**
 * FileCheck: is one certificate with its key something that can be served. Main thread, when a plan is checked or loaded;
 * never while traffic runs.
 *
 * Each problem is a coded error of one line that names the file and says the fix. In the end OpenSSL itself has its say, so that what
 * passes here also loads in a data thread.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { ValidateHost } from '@sluice/core/plugin';
import { certificateError } from '../errors.ts';
import { type PemBlock, pem } from '../forge.ts';
import type { CertificateFile } from '../serve/certificate-file.ts';
import { type ContextOptions, isPkcs12, secureContext, stapleFile } from '../serve/credentials.ts';
import { keyFileBeside } from './certificate-files.ts';
import { minuteOf, nameOf, reasonOf } from './certificate-text.ts';
import { checkChain } from './chain-check.ts';
import { blocksOf, certificatesOf, fileName, fileReason, readNamed } from './named-file.ts';
import { pkcs12Problem } from './pkcs12-problem.ts';
import { checkStaple } from './staple-check.ts';

/** A certificate that ends sooner is warned of. */
const SOON_MS = 14 * 86_400_000;

/** FileCheck looks at one certificate with its key. */
export class FileCheck {
  readonly #cert: string;
  /** The certificate's file as messages name it. */
  readonly #name: string;
  readonly #key: string | null;
  readonly #options: ContextOptions;
  readonly #host: ValidateHost;
  readonly #now: Date;
  readonly #isServed: boolean;

  /** `isServed`: clients must be able to follow its chain. */
  constructor(
    cert: string,
    key: string | null,
    options: ContextOptions,
    host: ValidateHost,
    now: Date,
    isServed = true,
  ) {
    this.#cert = cert;
    this.#name = fileName('cert', cert);
    this.#key = key;
    this.#options = options;
    this.#host = host;
    this.#now = now;
    this.#isServed = isServed;
  }

  /** run returns what was found out. Rejects with SP0101 to SP0137. */
  async run(): Promise<CertificateFile> {
    const cert = await readNamed('cert', this.#cert);
    if (isPkcs12(cert)) return this.#pkcs12(cert);
    const blocks = blocksOf('cert', this.#cert, cert);
    const certificates = certificatesOf('cert', this.#cert, blocks);
    const hasKey = blocks.some(({ type }) => type.endsWith('PRIVATE KEY'));
    const keyFile = this.#key ?? (hasKey ? null : keyFileBeside(this.#cert)) ?? this.#cert;
    const key = keyFile === this.#cert ? cert : await readNamed('key', keyFile);
    const keyBlocks = keyFile === this.#cert ? blocks : blocksOf('key', keyFile, key);
    const privateKey = this.#privateKeyOf(keyFile, keyBlocks);
    this.#checkPair(keyFile, certificates, privateKey);
    this.#checkDates(certificates[0]!);
    this.#checkChain(certificates);
    const file = this.#fileOf(keyFile, certificates[0]!);
    await this.#checkStaple(certificates[0]!);
    try {
      secureContext([{ file, cert, key, staple: null }], this.#options);
    } catch (thrown) {
      throw certificateError('SP0130', { file: this.#name, reason: reasonOf(thrown) }, thrown);
    }
    return file;
  }

  async #pkcs12(pfx: Buffer): Promise<CertificateFile> {
    const file = this.#name;
    if (this.#key !== null) throw certificateError('SP0131', { file });
    const { password } = this.#options;
    let context: SecureContext;
    try {
      context = createSecureContext({ pfx, ...(password === null ? {} : { passphrase: password }) });
    } catch (thrown) {
      throw pkcs12Problem(file, pfx, thrown, password !== null);
    }
    const der = (context.context as { getCertificate(): Buffer | null }).getCertificate();
    if (der === null) throw certificateError('SP0132', { file });
    const certificate = new X509Certificate(der);
    this.#checkDates(certificate);
    await this.#checkStaple(certificate);
    return this.#fileOf(this.#cert, certificate);
  }

  #fileOf(key: string, certificate: X509Certificate): CertificateFile {
    return {
      cert: this.#cert,
      key,
      names: namesOf(certificate),
      keyType: certificate.publicKey.asymmetricKeyType ?? '',
      expiresMs: certificate.validToDate.getTime(),
    };
  }

  #privateKeyOf(keyFile: string, blocks: readonly PemBlock[]): KeyObject {
    const isOneFile = keyFile === this.#cert;
    const block = blocks.find(({ type }) => type.endsWith('PRIVATE KEY'));
    const file = isOneFile ? this.#name : fileName('key', keyFile);
    if (block === undefined) throw certificateError(isOneFile ? 'SP0110' : 'SP0111', { file });
    const key = `${file}: ${isOneFile ? 'its' : 'the'} private key`;
    const { password } = this.#options;
    // RFC 5958 says it in the label, and the older form of RFC 1421 in a header.
    const isEncrypted = block.type === 'ENCRYPTED PRIVATE KEY' || block.procType?.type === 'ENCRYPTED';
    if (isEncrypted && password === null) throw certificateError('SP0112', { key });
    const text = pem.encode(block);
    try {
      return createPrivateKey(isEncrypted ? { key: text, passphrase: password! } : text);
    } catch (thrown) {
      if (isEncrypted) throw certificateError('SP0113', { key }, thrown);
      throw certificateError('SP0114', { key, reason: reasonOf(thrown) }, thrown);
    }
  }

  #checkPair(keyFile: string, certificates: readonly X509Certificate[], own: KeyObject): void {
    const [first] = certificates;
    if (first!.checkPrivateKey(own)) return;
    const at = certificates.findIndex((certificate) => certificate.checkPrivateKey(own));
    const file = this.#name;
    const key = keyFile === this.#cert ? 'its private key' : fileName('key', keyFile);
    if (at === -1) throw certificateError('SP0116', { file, key, name: nameOf(first!) });
    throw certificateError('SP0115', { file, key, number: at + 1, name: nameOf(certificates[at]!) });
  }

  /** The dates of the site's own certificate: those of the others are for the client to judge, which may know better roots. */
  #checkDates(certificate: X509Certificate): void {
    const { validFromDate, validToDate } = certificate;
    const file = this.#name;
    const name = nameOf(certificate);
    if (this.#now > validToDate) throw certificateError('SP0117', { file, name, day: dayOf(validToDate) });
    if (this.#now < validFromDate) throw certificateError('SP0118', { file, name, day: dayOf(validFromDate) });
    if (validToDate.getTime() - this.#now.getTime() < SOON_MS) {
      this.#host.warn(`${file}: the certificate of ${name} expires on ${dayOf(validToDate)}: renew it soon`);
    }
  }

  #checkChain(certificates: readonly X509Certificate[]): void {
    const warning = checkChain(this.#name, certificates);
    if (warning !== null && this.#isServed) this.#host.warn(`${this.#name}: ${warning}`);
  }

  async #checkStaple(certificate: X509Certificate): Promise<void> {
    const path = stapleFile(this.#cert);
    let der: Buffer;
    try {
      der = await readFile(path);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw certificateError('SP0122', { path, reason: fileReason(thrown) }, thrown);
    }
    checkStaple(path, der, certificate, this.#now);
  }
}

/** namesOf are the names that a certificate is for, in lower case. Without any, its common name is no name (RFC 9525 section 2). */
function namesOf({ subjectAltName }: X509Certificate): string[] {
  return (subjectAltName ?? '')
    .split(', ')
    .map((each) => /^(?:DNS|IP Address):([^\s"]+)$/.exec(each)?.[1]?.toLowerCase() ?? '')
    .filter((name) => name !== '');
}

function dayOf(date: Date): string {
  return `${minuteOf(date)} UTC`;
}
