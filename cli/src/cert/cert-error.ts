/**
 * CertError: why `sluice cert` could not do what it was asked for, as one line.
 */
export class CertError extends Error {}
