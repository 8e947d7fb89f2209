/** @sluice/tls-terminate/making: keys and certificates of one's own. Main thread. */
export { certificateName } from './certificate-names.ts';
export { type KeyKind, type KeyPair, keyPem, makeKeyPair } from './key-pair.ts';
export { type CertificateWish, type Issuer, makeCertificate } from './make-certificate.ts';
export { makePkcs12 } from './pkcs12.ts';
