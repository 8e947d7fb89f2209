/** @sluice/certificates/check: are certificates what they should be. Main thread. */
export { certificateFiles } from './certificate-files.ts';
export { FileCheck } from './file-check.ts';
export { checkKeptCertificate, checkOwnCertificate } from './own-certificate.ts';
export { passwordOf } from './password.ts';
export { checkClientAuthorities, checkRevoked, checkTrusted } from './trusted-file.ts';
