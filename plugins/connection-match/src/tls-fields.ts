/**
 * The declarations of the fields of TLS that ends in the gateway. Main thread only.
 */
import type { FieldWord } from '@sluice/dsl/vocabulary';
import { textField } from './text-field.ts';

export const TLS_FIELDS: readonly FieldWord[] = [
  textField('tls version', 'handshake', 'The TLS version of the client’s connection.', 'tls version 1.3', {
    operators: ['is', 'in'],
    values: ['1.0', '1.1', '1.2', '1.3'],
    isOptional: false,
  }),
  textField(
    'tls cipher',
    'handshake',
    'The cipher of the client’s connection, by its OpenSSL name.',
    'tls cipher TLS_AES_128_GCM_SHA256',
    { isOptional: false },
  ),
  textField(
    'tls alpn',
    'handshake',
    'The protocol negotiated by ALPN, such as `h2`; `alpn` is what the client offered.',
    'tls alpn h2',
  ),
  textField(
    'tls session',
    'handshake',
    '`resumed` if the client resumed the session of an earlier connection, otherwise `new`.',
    'tls session resumed',
    { operators: ['is'], values: ['new', 'resumed'], isOptional: false },
  ),
];
