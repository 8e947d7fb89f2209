/**
 * ProxyValues: the numbers of the values that a PROXY header of version 2 may hold (sections 2.2.1 to 2.2.7 of the
 * specification). Both planes.
 */
export const ProxyValue = {
  alpn: 0x01,
  authority: 0x02,
  crc32c: 0x03,
  uniqueId: 0x05,
  tls: 0x20,
} as const;

/** TlsValue are those within `tls`. */
export const TlsValue = {
  version: 0x21,
  commonName: 0x22,
  cipher: 0x23,
} as const;

/** TlsBit are the bits of the first byte of `tls`. */
export const TlsBit = {
  isTls: 0x01,
  /** The client showed a certificate on this connection. */
  hasCertificate: 0x02,
  /** … or on one whose session this one resumes. */
  hadCertificate: 0x04,
} as const;
