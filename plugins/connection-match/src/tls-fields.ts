/**
 * The declarations of the fields of TLS that ends in the gateway. Main thread only.
 */
import type { FieldWord } from '@sluice/dsl/vocabulary';
import { textField } from './text-field.ts';

export const TLS_FIELDS: readonly FieldWord[] = [
  textField('tls version', 'handshake', 'The version of TLS that is spoken with the client.', 'tls version 1.3', {
    operators: ['is', 'in'],
    values: ['1.0', '1.1', '1.2', '1.3'],
    isOptional: false,
  }),
  textField(
    'tls cipher',
    'handshake',
    'The cipher that is spoken, as OpenSSL calls it.',
    'tls cipher TLS_AES_128_GCM_SHA256',
    { isOptional: false },
  ),
  textField(
    'tls alpn',
    'handshake',
    'The protocol that was agreed upon, such as `h2`. (`alpn` is what the client offered.)',
    'tls alpn h2',
  ),
  textField(
    'tls session',
    'handshake',
    '`resumed` when the client came back with the session of an earlier connection, else `new`.',
    'tls session resumed',
    { operators: ['is'], values: ['new', 'resumed'], isOptional: false },
  ),
];
