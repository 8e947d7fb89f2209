/**
 * CertificateCheck: is what `tls terminate` names something that can be served. Main thread, when a plan is checked or
 * loaded; never while traffic runs.
 *
 * Each problem is one line that names the file and says the mend. In the end OpenSSL itself has its say, so that what
 * passes here also loads in a data thread.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { ValidateHost } from '@sluice/core/plugin';
import type { Args } from '@sluice/dsl/plan';
import forge from 'node-forge';
import { certificateFiles, keyFileBeside } from './certificate-files.ts';
import { checkChain } from './chain-check.ts';
import { isPkcs12, secureContext, stapleFile } from './credentials.ts';
import { stateFolder } from './making/state-folder.ts';
import { checkRevocations } from './revocation-check.ts';
import { requireSelfSigned, selfSignedFile, selfSignedNames } from './self-signed.ts';
import { checkStaple } from './staple-check.ts';
import { type CertificateFile, type TerminateOptions, terminateOptions, withFiles } from './terminate-options.ts';

type Block = forge.pem.ObjectPEM;

/** More than any chain of certificates; a larger file is a mistake. */
const MOST_BYTES = 1024 * 1024;
/** A certificate that ends sooner is warned of. */
const SOON_MS = 14 * 86_400_000;

/** checkCertificates returns the options with every file found, absolute, and its names. Rejects with one line for people. */
export async function checkCertificates(
  options: Args,
  baseDir: string,
  host: ValidateHost,
  now = new Date(),
): Promise<Args> {
  if (typeof options.selfSigned === 'string') return checkSelfSigned(options.selfSigned, options, baseDir, host, now);
  const kept = await keptCertificates(host, now);
  if ((options.cert === undefined || options.cert === null) && kept.files.length === 0) {
    throw new Error(
      'there is no certificate: write `cert "FILE"`, or a `certificate from` line, or, to try things out, `self-signed for localhost`',
    );
  }
  const password = passwordOf(options, host);
  const read = terminateOptions({ ...options, password });
  const { files: certs, folders } = await certificateFiles(
    read.files.map(({ cert }) => cert),
    baseDir,
  );
  const [key] = read.files.map((file) => (file.key === file.cert ? null : resolve(baseDir, file.key)));
  if (key != null && certs.length > 1) {
    throw new Error(
      `one key cannot be that of ${certs.length} certificates: keep each key in its certificate's file, or beside it`,
    );
  }
  const clientCa = read.clientCa === null ? null : resolve(baseDir, read.clientCa);
  if (clientCa !== null) await checkAuthorities(clientCa);
  const clientCrl = read.clientCrl === null ? null : resolve(baseDir, read.clientCrl);
  if (clientCrl !== null) await checkCrl(clientCrl, now);
  if (options.optional === true && options.unverified === true) {
    throw new Error('`optional` and `left to rules` contradict each other: leave one of them out');
  }
  const files: CertificateFile[] = [];
  const wanted = { ...read, clientCa, clientCrl };
  for (const cert of certs) files.push(await new FileCheck(cert, key ?? null, wanted, host, now).run());
  const checked = withFiles(options, [...files, ...kept.good], clientCa, clientCrl);
  if (kept.files.length === 0) return { ...checked, folders };
  const names = new Set([...files, ...kept.good].flatMap((file) => file.names));
  return { ...checked, folders, kept: kept.files, pending: kept.pending.filter((name) => !names.has(name)) };
}

interface KeptCertificates {
  readonly files: readonly string[];
  readonly good: readonly CertificateFile[];
  /** Names whose certificate is not there, or no good: their source gets another one. */
  readonly pending: readonly string[];
}

/** Whatever is wrong with what a source keeps is no reason to refuse the rules: it is the source that mends it. */
async function keptCertificates(host: ValidateHost, now: Date): Promise<KeptCertificates> {
  const good: CertificateFile[] = [];
  const pending: string[] = [];
  const silent = { ...host, warn: () => {} };
  const certificates = host.certificates ?? [];
  for (const { names, file } of certificates) {
    const read = { ...terminateOptions({}), level: 'old' as const };
    try {
      good.push(await new FileCheck(file, null, read, silent, now).run());
    } catch {
      pending.push(...names);
    }
  }
  return { files: certificates.map(({ file }) => file), good, pending };
}

/** Where the plan will run, the certificate is made, if it is not there. */
async function checkSelfSigned(
  name: string,
  { selfSigned: _, ...options }: Args,
  baseDir: string,
  host: ValidateHost,
  now: Date,
): Promise<Args> {
  for (const other of ['cert', 'key', 'password']) {
    if (options[other] === undefined || options[other] === null) continue;
    throw new Error(`\`self-signed\` and \`${other}\` contradict each other: leave one of them out`);
  }
  selfSignedNames(name);
  const said = `self-signed for ${quote(name)}: no client trusts it, and whoever is told to ignore that is safe from nobody. For trying things out only`;
  if (host.isTrial === true) {
    await requireSelfSigned();
    host.warn(said);
    return { ...options, selfSigned: name };
  }
  const cert = await selfSignedFile(name, stateFolder(), now);
  host.warn(`${said}. It is ${cert}`);
  return checkCertificates({ ...options, cert }, baseDir, host, now);
}

/**
 * checkOwnCertificate checks a certificate that the gateway itself shows, to servers: it must be whole, but its chain may end where
 * it likes, as the server knows the authority. Rejects with one line for people.
 */
export async function checkOwnCertificate(
  options: { readonly cert: string; readonly key: string | null; readonly password: Args[string] },
  baseDir: string,
  host: ValidateHost,
  now = new Date(),
): Promise<CertificateFile> {
  const password = passwordOf(options, host);
  const read = { ...terminateOptions({}), level: 'old' as const, password };
  const cert = resolve(baseDir, options.cert);
  const key = options.key === null ? null : resolve(baseDir, options.key);
  return new FileCheck(cert, key, read, host, now, false).run();
}

/** checkTrusted rejects with one line for a file without certificates to trust. */
export async function checkTrusted(path: string): Promise<void> {
  certificatesOf('ca', path, blocksOf('ca', path, await readBytes('ca', path)));
}

/** The password's value. It must be a secret: options stand in plans, which are printed. */
function passwordOf({ password }: Args, host: ValidateHost): string | null {
  if (password === undefined || password === null) return null;
  if (typeof password === 'object' && 'secret' in password) return host.secret(password.secret);
  throw new Error('the password would stand where others can read it: write `password secret "NAME"`');
}

/** One certificate with its key. */
class FileCheck {
  readonly #cert: string;
  readonly #key: string | null;
  readonly #options: TerminateOptions;
  readonly #host: ValidateHost;
  readonly #now: Date;
  readonly #isServed: boolean;

  /** `isServed`: clients must be able to follow its chain. */
  constructor(
    cert: string,
    key: string | null,
    options: TerminateOptions,
    host: ValidateHost,
    now: Date,
    isServed = true,
  ) {
    this.#cert = cert;
    this.#key = key;
    this.#options = options;
    this.#host = host;
    this.#now = now;
    this.#isServed = isServed;
  }

  async run(): Promise<CertificateFile> {
    const cert = await readBytes('cert', this.#cert);
    if (isPkcs12(cert)) return this.#pkcs12(cert);
    const blocks = blocksOf('cert', this.#cert, cert);
    const certificates = certificatesOf('cert', this.#cert, blocks);
    const hasKey = blocks.some(({ type }) => type.endsWith('PRIVATE KEY'));
    const keyFile = this.#key ?? (hasKey ? null : keyFileBeside(this.#cert)) ?? this.#cert;
    const key = keyFile === this.#cert ? cert : await readBytes('key', keyFile);
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
      throw new Error(`cert ${quote(this.#cert)} is refused by OpenSSL: ${reasonOf(thrown)}`);
    }
    return file;
  }

  async #pkcs12(pfx: Buffer): Promise<CertificateFile> {
    const where = `cert ${quote(this.#cert)}`;
    if (this.#key !== null) throw new Error(`${where}: a PKCS#12 file holds its key: take out \`key\``);
    const { password } = this.#options;
    let context: SecureContext;
    try {
      context = createSecureContext({ pfx, ...(password === null ? {} : { passphrase: password }) });
    } catch (thrown) {
      throw new Error(`${where}: ${pkcs12Problem(pfx, thrown, password !== null)}`);
    }
    const der = (context.context as { getCertificate(): Buffer | null }).getCertificate();
    if (der === null) throw new Error(`${where}: there is no certificate in it`);
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

  #privateKeyOf(keyFile: string, blocks: readonly Block[]): KeyObject {
    const isOneFile = keyFile === this.#cert;
    const block = blocks.find(({ type }) => type.endsWith('PRIVATE KEY'));
    if (block === undefined) {
      throw new Error(
        isOneFile
          ? `cert ${quote(this.#cert)}: there is no private key in it: add one, or name its file with \`key\``
          : `key ${quote(keyFile)}: there is no private key in it`,
      );
    }
    const where = isOneFile ? `cert ${quote(this.#cert)}: its private key` : `key ${quote(keyFile)}: the private key`;
    const { password } = this.#options;
    // RFC 5958 says it in the label, and the older form of RFC 1421 in a header.
    const isEncrypted = block.type === 'ENCRYPTED PRIVATE KEY' || block.procType?.type === 'ENCRYPTED';
    if (isEncrypted && password === null) {
      throw new Error(`${where} is encrypted: add \`password secret "NAME"\``);
    }
    const pem = forge.pem.encode(block);
    try {
      return createPrivateKey(isEncrypted ? { key: pem, passphrase: password! } : pem);
    } catch (thrown) {
      throw new Error(
        isEncrypted ? `${where} does not open with this password` : `${where} is broken: ${reasonOf(thrown)}`,
      );
    }
  }

  #checkPair(keyFile: string, certificates: readonly X509Certificate[], own: KeyObject): void {
    const [first] = certificates;
    if (first!.checkPrivateKey(own)) return;
    const at = certificates.findIndex((certificate) => certificate.checkPrivateKey(own));
    const said = keyFile === this.#cert ? 'its private key' : `key ${quote(keyFile)}`;
    if (at !== -1) {
      throw new Error(
        `cert ${quote(this.#cert)}: ${said} belongs to certificate ${at + 1}, ${nameOf(certificates[at]!)}: put that one first`,
      );
    }
    throw new Error(
      `cert ${quote(this.#cert)}: ${said} does not match the certificate of ${nameOf(first!)}: use the key that it was made with`,
    );
  }

  /** The dates of the site's own certificate: those of the others are for the client to judge, which may know better roots. */
  #checkDates(certificate: X509Certificate): void {
    const { validFromDate, validToDate } = certificate;
    const whose = `cert ${quote(this.#cert)}: the certificate of ${nameOf(certificate)}`;
    if (this.#now > validToDate) throw new Error(`${whose} expired on ${dayOf(validToDate)}: renew it`);
    if (this.#now < validFromDate) {
      throw new Error(`${whose} is not valid before ${dayOf(validFromDate)}: look at this machine's clock, or wait`);
    }
    if (validToDate.getTime() - this.#now.getTime() < SOON_MS) {
      this.#host.warn(`${whose} expires on ${dayOf(validToDate)}: renew it soon`);
    }
  }

  #checkChain(certificates: readonly X509Certificate[]): void {
    let warning: string | null;
    try {
      warning = checkChain(certificates);
    } catch (thrown) {
      throw new Error(`cert ${quote(this.#cert)}: ${reasonOf(thrown)}`);
    }
    if (warning !== null && this.#isServed) this.#host.warn(`cert ${quote(this.#cert)}: ${warning}`);
  }

  async #checkStaple(certificate: X509Certificate): Promise<void> {
    const path = stapleFile(this.#cert);
    let der: Buffer;
    try {
      der = await readFile(path);
    } catch (thrown) {
      const { code } = thrown as NodeJS.ErrnoException;
      if (code === 'ENOENT') return;
      throw new Error(`OCSP answer ${quote(path)}: ${REASONS[code ?? ''] ?? reasonOf(thrown)}`);
    }
    try {
      checkStaple(der, certificate, this.#now);
    } catch (thrown) {
      throw new Error(`OCSP answer ${quote(path)}: ${reasonOf(thrown)}`);
    }
  }
}

async function checkCrl(path: string, now: Date): Promise<void> {
  const bytes = await readBytes('revoked in', path);
  try {
    checkRevocations(bytes.toString('latin1'), now);
  } catch (thrown) {
    throw new Error(`revoked in ${quote(path)}: ${reasonOf(thrown)}`);
  }
}

async function checkAuthorities(path: string): Promise<void> {
  const bytes = await readBytes('client certificate from', path);
  for (const authority of certificatesOf(
    'client certificate from',
    path,
    blocksOf('client certificate from', path, bytes),
  )) {
    if (!authority.ca) {
      throw new Error(
        `client certificate from ${quote(path)}: ${nameOf(authority)} is no authority: name the certificate that signs the clients' own`,
      );
    }
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of its path is no folder',
  EACCES: 'permission denied: let the user that runs the gateway read it',
  EPERM: 'permission denied: let the user that runs the gateway read it',
  ELOOP: 'its links lead round in a circle',
};

type Role = 'cert' | 'key' | 'ca' | 'client certificate from' | 'revoked in';

async function readBytes(role: Role, path: string): Promise<Buffer> {
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

function blocksOf(role: Role, path: string, bytes: Buffer): readonly Block[] {
  try {
    return forge.pem.decode(bytes.toString('latin1'));
  } catch {
    if (bytes.length === 0) throw new Error(`${role} ${quote(path)}: it is empty`);
    // DER, and PKCS#12 too, begin with a SEQUENCE.
    const mend = isPkcs12(bytes)
      ? 'it looks like DER, so turn it into PEM with `openssl x509 -inform der` or `openssl pkey`'
      : 'PEM has lines such as `-----BEGIN CERTIFICATE-----`';
    throw new Error(`${role} ${quote(path)}: it is not PEM: ${mend}`);
  }
}

function certificatesOf(role: Role, path: string, blocks: readonly Block[]): readonly X509Certificate[] {
  const found = blocks.filter(({ type }) => /^(?:X509 |TRUSTED )?CERTIFICATE$/.test(type));
  if (found.length === 0) {
    const held = [...new Set(blocks.map(({ type }) => type))].join(', ');
    throw new Error(`${role} ${quote(path)}: there is no certificate in it, only ${held}`);
  }
  return found.map((block, index) => {
    try {
      return new X509Certificate(forge.pem.encode(block));
    } catch (thrown) {
      throw new Error(`${role} ${quote(path)}: its certificate ${index + 1} is broken: ${reasonOf(thrown)}`);
    }
  });
}

/** What is wrong with a file that begins as PKCS#12 does. */
function pkcs12Problem(bytes: Buffer, thrown: unknown, hasPassword: boolean): string {
  const reason = reasonOf(thrown);
  try {
    new X509Certificate(bytes);
    return 'it is a certificate as DER: turn it into PEM with `openssl x509 -inform der`';
  } catch {
    // Not that either.
  }
  if (/unsupported/i.test(reason)) {
    return 'its ciphers are too old for OpenSSL: write it anew with `openssl pkcs12 -legacy -in OLD | openssl pkcs12 -export -out NEW`';
  }
  if (/mac verify|invalid password|bad decrypt/i.test(reason)) {
    return hasPassword ? 'it does not open with this password' : 'it needs a password: add `password secret "NAME"`';
  }
  return `it is neither PEM nor PKCS#12: ${reason}`;
}

/** namesOf are the names that a certificate is for, in lower case. Without any, its common name is no name (RFC 9525 section 2). */
function namesOf({ subjectAltName }: X509Certificate): string[] {
  return (subjectAltName ?? '')
    .split(', ')
    .map((each) => /^(?:DNS|IP Address):([^\s"]+)$/.exec(each)?.[1]?.toLowerCase() ?? '')
    .filter((name) => name !== '');
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
