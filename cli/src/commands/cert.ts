/**
 * The commands `cert ca` and `cert leaf`: an authority of one's own, and certificates. Main thread.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  certificateName,
  type Issuer,
  type KeyKind,
  keyPem,
  makeCertificate,
  makeKeyPair,
  makePkcs12,
} from '@sluice/certificates/make';
import { CertError } from '../cert/cert-error.ts';
import { type FreshFile, writeFresh } from '../cert/fresh-file.ts';
import { EXIT_OK, EXIT_PROBLEM } from '../exit-codes.ts';
import { complain, print } from '../terminal.ts';

interface CommonOptions {
  readonly out: string;
  readonly days: number;
  readonly rsa?: boolean;
  readonly force?: boolean;
}

export interface LeafOptions extends CommonOptions {
  readonly ca?: string;
  readonly caKey?: string;
  readonly selfSigned?: boolean;
  readonly p12?: boolean;
  readonly passwordFile?: string;
}

/** certCa makes `ca.pem` and `ca.key`. */
export function certCa(name: string, options: CommonOptions): Promise<number> {
  return exitCodeOf(async () => {
    const paths = { cert: join(options.out, 'ca.pem'), key: join(options.out, 'ca.key') };
    refuseOld(Object.values(paths), options);
    const { publicKey, privateKey } = await makeKeyPair(kindOf(options));
    const wish = { publicKey, commonName: name, names: [], isAuthority: true, days: options.days, now: new Date() };
    const cert = makeCertificate(wish, privateKey);
    await write(
      { path: paths.key, bytes: keyPem(privateKey), isPublic: false },
      options,
      'the private key: keep it secret',
    );
    await write({ path: paths.cert, bytes: cert, isPublic: true }, options, `CA \`${name}\`, ${until(cert)}`);
  });
}

/** certLeaf makes `NAME.pem`: the certificate, that of the authority, and the key. */
export function certLeaf(written: readonly string[], options: LeafOptions): Promise<number> {
  return exitCodeOf(async () => {
    const names = [...new Set(written.map(certificateName))];
    const base = join(options.out, fileName(names[0]!));
    const pem = `${base}.pem`;
    const p12 = options.p12 === true ? `${base}.p12` : null;
    refuseOld(p12 === null ? [pem] : [pem, p12], options);
    const password = p12 === null ? null : await readPassword(options.passwordFile);
    const issuer = options.selfSigned === true ? null : await readIssuer(options);
    const { publicKey, privateKey } = await makeKeyPair(kindOf(options));
    const wish = { publicKey, commonName: names[0]!, names, isAuthority: false, days: options.days, now: new Date() };
    const cert = makeCertificate(wish, issuer ?? privateKey);
    const chain = issuer === null ? [] : [issuer.certificate];
    const all = [cert, ...chain.map(String), keyPem(privateKey)].map((part) => `${part.trimEnd()}\n`).join('');
    await write(
      { path: pem, bytes: all, isPublic: false },
      options,
      `${names.join(', ')}, with its key, ${until(cert)}`,
    );
    if (p12 === null || password === null) return;
    const bytes = makePkcs12(privateKey, [new X509Certificate(cert), ...chain], password);
    await write({ path: p12, bytes, isPublic: false }, options, 'the same in PKCS#12 format');
  });
}

/** exitCodeOf runs a command: an error is reported in one line, with exit code 1. */
async function exitCodeOf(make: () => Promise<void>): Promise<number> {
  try {
    await make();
    return EXIT_OK;
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw thrown;
    complain(thrown.message);
    return EXIT_PROBLEM;
  }
}

async function write(file: FreshFile, { force }: CommonOptions, said: string): Promise<void> {
  await writeFresh(file, force === true);
  print(`✓ ${file.path}: ${said}`);
}

function kindOf({ rsa }: CommonOptions): KeyKind {
  return rsa === true ? 'rsa' : 'ecdsa';
}

/** refuseOld: nothing is made, and nothing written, where a file is there already. */
function refuseOld(paths: readonly string[], { force }: CommonOptions): void {
  const old = force === true ? undefined : paths.find((path) => existsSync(path));
  if (old !== undefined) throw new CertError(`\`${old}\` already exists (use --force to overwrite it)`);
}

function until(cert: string): string {
  return `valid until ${new X509Certificate(cert).validToDate.toISOString().slice(0, 10)}`;
}

/** `*` and `:` are awkward in the names of files. */
function fileName(name: string): string {
  return name.replace('*', '_').replaceAll(':', '_');
}

async function readIssuer({ ca, caKey, out }: LeafOptions): Promise<Issuer> {
  const path = ca ?? join(out, 'ca.pem');
  if (ca === undefined && !existsSync(path)) {
    throw new CertError(
      `\`${path}\` does not exist: create it with \`sluice cert ca\`, choose another CA with --ca, or use --self-signed`,
    );
  }
  const pem = await read(path);
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch {
    throw new CertError(`\`${path}\` contains no certificate in PEM format`);
  }
  if (certificate.validToDate < new Date()) throw new CertError(`the CA in \`${path}\` has expired`);
  const beside = path.replace(/\.[^./]+$/, '.key');
  const keyFile = caKey ?? (pem.includes('PRIVATE KEY-----') ? path : beside);
  return { certificate, key: readKey(keyFile, await read(keyFile)) };
}

function readKey(path: string, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    const isEncrypted = pem.includes('ENCRYPTED');
    throw new CertError(
      isEncrypted ? `the key in \`${path}\` is encrypted` : `\`${path}\` contains no private key in PEM format`,
    );
  }
}

async function readPassword(path: string | undefined): Promise<string> {
  if (path === undefined) throw new CertError('--p12 needs a password, in a file: --password-file FILE');
  const password = (await read(path)).replace(/\r?\n$/, '');
  if (password === '') throw new CertError(`\`${path}\` is empty`);
  return password;
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(resolve(path), 'utf8');
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    throw new CertError(`cannot read \`${path}\`: ${code === 'ENOENT' ? 'there is no such file' : code}`);
  }
}
