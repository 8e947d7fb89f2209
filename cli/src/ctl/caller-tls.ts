/**
 * CallerTls: how `ctl` speaks TLS to the admin API: which authorities it trusts, which certificate it shows, and what it says when
 * that comes to nothing. Main thread.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import { tlsReason } from '@sluice/core/probe';

/** TlsOptions are the options of a command; each has a variable of the environment, which it precedes. */
export interface TlsOptions {
  /** The file of authorities to trust (PEM). Default: SLUICE_ADMIN_CA, or the system's. */
  readonly ca?: string;
  /** The file of the client certificate (PEM). Default: SLUICE_ADMIN_CERT, or none. */
  readonly cert?: string;
  /** The file of its key. Default: SLUICE_ADMIN_KEY, or the certificate's file, or the one beside it that ends in `.key`. */
  readonly key?: string;
}

/** UnusableFile: what a file holds cannot be used; the message names it. */
export class UnusableFile extends Error {}

export class CallerTls {
  readonly context: SecureContext;
  readonly #hasAuthorities: boolean;
  readonly #hasCertificate: boolean;

  /** isMeant: there are files, so that an address without a scheme is one that speaks TLS. */
  static isMeant({ ca, cert }: TlsOptions, environment: NodeJS.ProcessEnv): boolean {
    return [ca ?? environment.SLUICE_ADMIN_CA, cert ?? environment.SLUICE_ADMIN_CERT].some(isWritten);
  }

  /** Throws UnusableFile, or the system's error for a file that cannot be read. */
  constructor(options: TlsOptions, environment: NodeJS.ProcessEnv) {
    const named = (option: string | undefined, variable: string): string | null => {
      const file = option ?? environment[variable];
      return isWritten(file) ? file : null;
    };
    const ca = named(options.ca, 'SLUICE_ADMIN_CA');
    const cert = named(options.cert, 'SLUICE_ADMIN_CERT');
    const key = cert === null ? null : (named(options.key, 'SLUICE_ADMIN_KEY') ?? keyBeside(cert));
    this.#hasAuthorities = ca !== null;
    this.#hasCertificate = cert !== null;
    const authorities = ca === null ? null : readFileSync(ca);
    if (authorities?.includes('-----BEGIN CERTIFICATE-----') === false) {
      throw new UnusableFile(`${ca} contains no certificate (PEM)`);
    }
    const own = cert === null ? {} : { cert: readFileSync(cert), key: readFileSync(key!) };
    try {
      this.context = createSecureContext({
        minVersion: 'TLSv1.2',
        ...(authorities === null ? {} : { ca: authorities }),
        ...own,
      });
    } catch (thrown) {
      throw new UnusableFile(`the client certificate ${cert} with the key ${key} cannot be used: ${wordsOf(thrown)}`);
    }
  }

  /** why says what went wrong with a connection to `written`, and how to mend it; null: it has nothing to do with TLS. */
  why(written: string, error: NodeJS.ErrnoException, isSecure: boolean): string | null {
    const { message } = error;
    const code = codeOf(error);
    const isHangUp = message === 'socket hang up' || code === 'ECONNRESET' || code === 'EPIPE';
    if (isHangUp) {
      // Who is shown a certificate that is not good says so in the log of the gateway, and to its caller only by leaving.
      if (!isSecure)
        return `${written} closed the connection in the TLS handshake: is the admin API served over TLS there?`;
      return this.#hasCertificate
        ? `${written} closed the connection: it may not accept the client certificate, for example because it has expired or its authority is another one. The gateway’s log has the reason`
        : `${written} closed the connection: if it requires a client certificate, name it with --cert and --key, or SLUICE_ADMIN_CERT and SLUICE_ADMIN_KEY`;
    }
    if (!/^(ERR_TLS|ERR_SSL|CERT_|UNABLE_|SELF_SIGNED|DEPTH_ZERO|INVALID_PURPOSE|EPROTO)/.test(code)) return null;
    return `${written} cannot be reached over TLS: ${tlsReason(Object.assign(new Error(message), { code }))}${this.#fix(code)}`;
  }

  #fix(code: string): string {
    if (/^(UNABLE_|SELF_SIGNED|DEPTH_ZERO)/.test(code)) {
      return this.#hasAuthorities
        ? '. Name the authority that signed it with --ca or SLUICE_ADMIN_CA'
        : '. Name the file of its authority with --ca or SLUICE_ADMIN_CA';
    }
    if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return '. Connect to a name that it has';
    if (code.endsWith('CERTIFICATE_REQUIRED'))
      return '. Name one with --cert and --key, or SLUICE_ADMIN_CERT and SLUICE_ADMIN_KEY';
    if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
      return '. Without TLS, write the address without https://, and leave out --ca and --cert';
    }
    return '';
  }
}

/** Some of OpenSSL's errors have their reason in the message alone: `write EPROTO …:SSL routines:…:wrong version number:…`. */
function codeOf({ code = '', message }: NodeJS.ErrnoException): string {
  const [, reason] = /:SSL routines:[^:]*:([^:]+)/.exec(message) ?? [];
  return code !== 'EPROTO' || reason === undefined ? code : `ERR_SSL_${reason.toUpperCase().replaceAll(' ', '_')}`;
}

function isWritten(file: string | undefined): file is string {
  return file !== undefined && file !== '';
}

/** As for `tls terminate`: in the certificate's file, or in the one of the same name that ends in `.key`. */
function keyBeside(cert: string): string {
  const beside = cert.replace(/\.[^./\\]*$/, '.key');
  return readFileSync(cert).includes('PRIVATE KEY-----') || !existsSync(beside) ? cert : beside;
}

/** wordsOf is OpenSSL's reason without its numbers: `key values mismatch`. */
function wordsOf(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return message.split(':').at(-1)!.trim();
}
