/**
 * CertificateProblem: why a client's certificate is not good, in words that rules can compare. Data threads.
 */
const PROBLEMS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not yet valid',
  CERT_REVOKED: 'revoked',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'unknown authority',
  UNABLE_TO_GET_ISSUER_CERT: 'unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unknown authority',
  INVALID_CA: 'unknown authority',
  CERT_SIGNATURE_FAILURE: 'unknown authority',
  INVALID_PURPOSE: 'not for clients',
  CRL_HAS_EXPIRED: 'list of revoked certificates out of date',
  CRL_NOT_YET_VALID: 'list of revoked certificates out of date',
  UNABLE_TO_GET_CRL: 'no list of revoked certificates of its authority',
};

/** certificateProblem is the word for OpenSSL's code; what has none is OpenSSL's own, in small letters. */
export function certificateProblem(code: string): string {
  return PROBLEMS[code] ?? code.toLowerCase().replaceAll('_', ' ');
}
