/**
 * CertificateFile: where a certificate and its key are, and what was found out about it when it was checked. Both planes.
 */
export interface CertificateFile {
  /** Absolute once checked. */
  readonly cert: string;
  /** The same as `cert` when both are in one file. */
  readonly key: string;
  /** DNS names in lower case, `*.example.com` among them, and addresses. */
  readonly names: readonly string[];
  /** Such as `rsa` or `ec`. */
  readonly keyType: string;
  /** When it ends, in milliseconds since 1970; 0: not looked at. */
  readonly expiresMs: number;
}
