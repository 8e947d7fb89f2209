/**
 * TerminateOptions: what `tls terminate` says, read from a plan. Both planes.
 */
import { type CertificateFile, type ContextOptions, TLS_LEVELS } from '@sluice/certificates/serve';
import type { Args } from '@sluice/dsl/plan';

export interface TerminateOptions extends ContextOptions {
  readonly files: readonly CertificateFile[];
  /** Clients may come without a certificate. */
  readonly isClientOptional: boolean;
  /** Clients may come with a certificate that is not good, too. */
  readonly takesUnverified: boolean;
  /** Clients that name none of the certificates' names are refused. */
  readonly isStrict: boolean;
  /** The files of certificates that sources keep, there or not. */
  readonly kept: readonly string[];
  /** The names whose certificates are still to come: clients that ask for them are refused. */
  readonly pending: readonly string[];
}

/** terminateOptions reads the options of a plan, checked or not. */
export function terminateOptions(options: Args): TerminateOptions {
  const certs = listOf(options.cert);
  const keys = listOf(options.key);
  const names = listOf(options.names);
  const keyTypes = listOf(options.keyTypes);
  const expires = Array.isArray(options.expires) ? options.expires.map(Number) : [];
  return {
    files: certs.map((cert, at) => ({
      cert,
      key: keys[at] ?? cert,
      names: (names[at] ?? '').split(' ').filter((name) => name !== ''),
      keyType: keyTypes[at] ?? '',
      expiresMs: expires[at] ?? 0,
    })),
    level: TLS_LEVELS.find((level) => level === options.level) ?? 'intermediate',
    min: options.min === '1.2' || options.min === '1.3' ? options.min : null,
    password: typeof options.password === 'string' ? options.password : null,
    clientCa: typeof options.client === 'string' ? options.client : null,
    isClientOptional: options.optional === true || options.unverified === true,
    takesUnverified: options.unverified === true,
    clientCrl: typeof options.crl === 'string' ? options.crl : null,
    isStrict: options.strict === true,
    kept: listOf(options.kept),
    pending: listOf(options.pending),
  };
}

/** withFiles puts the checked certificates into a plan's options, as plain lists side by side. */
export function withFiles(
  options: Args,
  files: readonly CertificateFile[],
  clientCa: string | null,
  clientCrl: string | null = null,
): Args {
  return {
    ...options,
    cert: files.map(({ cert }) => cert),
    key: files.map(({ key }) => key),
    names: files.map(({ names }) => names.join(' ')),
    keyTypes: files.map(({ keyType }) => keyType),
    expires: files.map(({ expiresMs }) => expiresMs),
    ...(clientCa === null ? {} : { client: clientCa }),
    ...(clientCrl === null ? {} : { crl: clientCrl }),
  };
}

function listOf(value: Args[string] | undefined): readonly string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.map(String) : [];
}
