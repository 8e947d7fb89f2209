/**
 * TlsLevel: how old the other side may be, as versions and ciphers of TLS. Both planes.
 */
import type { SecureContextOptions } from 'node:tls';

export const TLS_LEVELS = ['modern', 'intermediate', 'old'] as const;
export type TlsLevel = (typeof TLS_LEVELS)[number];

export interface TlsVersions {
  readonly level: TlsLevel;
  /** Goes before the level's own; null: not said. */
  readonly min: '1.2' | '1.3' | null;
}

/**
 * Levels as Mozilla's Server Side TLS (version 5.7) has them. `old` is for clients that nobody should still have: TLS 1.0, and
 * OpenSSL's own lower limits taken away.
 */
const LEVELS = {
  modern: { minVersion: 'TLSv1.3' },
  intermediate: {
    minVersion: 'TLSv1.2',
    ciphers: [
      'TLS_AES_128_GCM_SHA256',
      'TLS_AES_256_GCM_SHA384',
      'TLS_CHACHA20_POLY1305_SHA256',
      'ECDHE-ECDSA-AES128-GCM-SHA256',
      'ECDHE-RSA-AES128-GCM-SHA256',
      'ECDHE-ECDSA-AES256-GCM-SHA384',
      'ECDHE-RSA-AES256-GCM-SHA384',
      'ECDHE-ECDSA-CHACHA20-POLY1305',
      'ECDHE-RSA-CHACHA20-POLY1305',
    ].join(':'),
  },
  old: { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' },
} as const;

/** versionOptions are the versions and ciphers of a level. */
export function versionOptions({ level, min }: TlsVersions): SecureContextOptions {
  return { ...LEVELS[level], ...(min === null ? {} : { minVersion: `TLSv${min}` as const }) };
}
