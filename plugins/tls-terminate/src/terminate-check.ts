/**
 * TerminateCheck: is what `tls terminate` says something that can be served. Main thread, when a plan is checked or loaded; never
 * while traffic runs.
 */
import { resolve } from 'node:path';
import {
  certificateFiles,
  checkClientAuthorities,
  checkKeptCertificate,
  checkRevoked,
  FileCheck,
  passwordOf,
} from '@sluice/certificates/check';
import type { CertificateFile } from '@sluice/certificates/serve';
import { stateFolder } from '@sluice/certificates/store';
import type { AdminTlsUse, ValidateHost } from '@sluice/core/plugin';
import type { Args } from '@sluice/dsl/plan';
import { terminateError } from './errors.ts';
import { requireSelfSigned, selfSignedFile, selfSignedNames } from './self-signed.ts';
import { terminateOptions, withFiles } from './terminate-options.ts';

/** checkCertificates returns the options with every file found, absolute, and its names. Rejects with SP01xx and SP02xx. */
export async function checkCertificates(
  options: Args,
  baseDir: string,
  host: ValidateHost,
  now = new Date(),
): Promise<Args> {
  if (host.admin !== undefined) checkAdmin(options, host.admin);
  if (typeof options.selfSigned === 'string') return checkSelfSigned(options.selfSigned, options, baseDir, host, now);
  const kept = await keptCertificates(host, now);
  if ((options.cert === undefined || options.cert === null) && kept.files.length === 0) {
    throw terminateError('SP0201', {});
  }
  const password = passwordOf(options, host);
  const read = terminateOptions({ ...options, password });
  const { files: certs, folders } = await certificateFiles(
    read.files.map(({ cert }) => cert),
    baseDir,
  );
  const [key] = read.files.map((file) => (file.key === file.cert ? null : resolve(baseDir, file.key)));
  if (key != null && certs.length > 1) {
    throw terminateError('SP0202', { count: certs.length });
  }
  const clientCa = read.clientCa === null ? null : resolve(baseDir, read.clientCa);
  if (clientCa !== null) await checkClientAuthorities(clientCa);
  const clientCrl = read.clientCrl === null ? null : resolve(baseDir, read.clientCrl);
  if (clientCrl !== null) await checkRevoked(clientCrl, now);
  if (options.optional === true && options.unverified === true) {
    throw terminateError('SP0203', {});
  }
  const files: CertificateFile[] = [];
  const wanted = { ...read, clientCa, clientCrl };
  for (const cert of certs) files.push(await new FileCheck(cert, key ?? null, wanted, host, now).run());
  const checked = withFiles(options, [...files, ...kept.good], clientCa, clientCrl);
  if (kept.files.length === 0) return { ...checked, folders };
  const names = new Set([...files, ...kept.good].flatMap((file) => file.names));
  return { ...checked, folders, kept: kept.files, pending: kept.pending.filter((name) => !names.has(name)) };
}

/** What may do for clients of a site is too little for those who can change it. */
function checkAdmin({ level, unverified, strict, client }: Args, { namesClients }: AdminTlsUse): void {
  const refused = [
    [level === 'old', 'level old', 'it needs TLS 1.2 or newer'],
    [unverified === true, 'left to rules', 'rules do not see its clients'],
    [strict === true, 'known names only', 'it has one certificate for all names'],
  ] as const;
  for (const [isWritten, word, reason] of refused) if (isWritten) throw terminateError('SP0207', { word, reason });
  if (namesClients && typeof client !== 'string') throw terminateError('SP0208', {});
}

interface KeptCertificates {
  readonly files: readonly string[];
  readonly good: readonly CertificateFile[];
  /** Names whose certificate is not there, or no good: their source gets another one. */
  readonly pending: readonly string[];
}

/** Whatever is wrong with what a source keeps is no reason to refuse the rules: it is the source that fixes it. */
async function keptCertificates(host: ValidateHost, now: Date): Promise<KeptCertificates> {
  const good: CertificateFile[] = [];
  const pending: string[] = [];
  const certificates = host.certificates ?? [];
  for (const { names, file } of certificates) {
    try {
      good.push(await checkKeptCertificate(file, host, now));
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
    throw terminateError('SP0204', { other });
  }
  selfSignedNames(name);
  const said = `self-signed for \`${name}\`: no client trusts it, and whoever is told to ignore that is safe from nobody. For trying things out only`;
  if (host.isTrial === true) {
    await requireSelfSigned();
    host.warn(said);
    return { ...options, selfSigned: name };
  }
  const cert = await selfSignedFile(name, stateFolder(), now);
  host.warn(`${said}. It is ${cert}`);
  return checkCertificates({ ...options, cert }, baseDir, host, now);
}
