/** @sluice/certificates/make: keys and certificates of one's own. Main thread. */
export { certificateName } from './certificate-names.ts';
export * as der from './der.ts';
export { type KeyKind, type KeyPair, keyPem, makeKeyPair } from './key-pair.ts';
export { type CertificateWish, extension, type Issuer, makeCertificate } from './make-certificate.ts';
export { makeRequest } from './make-request.ts';
export { makePkcs12 } from './pkcs12.ts';
