/** @sluice/certificates/serve: certificates and keys as TLS serves them. Both planes; imports no certificate library. */
export type { CertificateFile } from './certificate-file.ts';
export {
  type ContextOptions,
  type Credential,
  credentialOptions,
  readCredential,
  SESSION_SECONDS,
  secureContext,
  stapleFile,
} from './credentials.ts';
export { TLS_LEVELS, type TlsLevel, type TlsVersions, versionOptions } from './tls-level.ts';
