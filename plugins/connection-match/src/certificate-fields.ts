/**
 * The declarations of the fields of client certificates. Main thread only.
 */
import type { FieldWord } from '@sluice/dsl/vocabulary';
import { textField } from './text-field.ts';

const MANY = { isMany: true } as const;

export const CERTIFICATE_FIELDS: readonly FieldWord[] = [
  textField(
    'client certificate',
    'handshake',
    'Whether the client has a certificate: `verified`, `unverified` (the reason is in `client certificate problem`) or `none`.',
    'client certificate verified',
    { operators: ['is', 'in'], values: ['verified', 'unverified', 'none'], isOptional: false },
  ),
  textField(
    'client certificate problem',
    'handshake',
    'Why the client’s certificate is not valid: `expired`, `not yet valid`, `revoked`, `unknown authority`, `self-signed`, `not for clients`, or an OpenSSL error code.',
    'client certificate problem expired',
  ),
  textField(
    'client certificate subject',
    'handshake',
    'The subject of the client’s certificate, in the notation of RFC 4514. Like all of these fields except `fingerprint`, it is absent unless the certificate is verified.',
    'client certificate subject "CN=ann,O=Example"',
  ),
  textField(
    'client certificate cn',
    'handshake',
    'The most specific common name in the subject.',
    'client certificate cn ann, bob',
  ),
  textField(
    'client certificate issuer',
    'handshake',
    'The issuer of the certificate, in the notation of RFC 4514.',
    'client certificate issuer "CN=Staff,O=Example"',
  ),
  textField(
    'client certificate dns',
    'handshake',
    'The DNS names in the certificate (subject alternative names). Ignores case.',
    'client certificate dns like *.devices.example.com',
    { ...MANY, ignoresCase: true },
  ),
  textField(
    'client certificate email',
    'handshake',
    'The email addresses in the certificate (subject alternative names).',
    'client certificate email ends @example.com',
    MANY,
  ),
  textField(
    'client certificate uri',
    'handshake',
    'The URIs in the certificate (subject alternative names), such as SPIFFE IDs.',
    'client certificate uri starts "spiffe://example.com/billing/"',
    MANY,
  ),
  textField(
    'client certificate serial',
    'handshake',
    'The serial number of the certificate, in hexadecimal. Ignores case.',
    'client certificate serial 09bd5ee25845277d',
    { ignoresCase: true, operators: ['is', 'in'] },
  ),
  textField(
    'client certificate fingerprint',
    'handshake',
    'The SHA-256 fingerprint of the certificate, in hexadecimal (64 digits), even if it is not verified. Ignores case.',
    'client certificate fingerprint c46cc818412483c4746aa4c4f9a9d5661c7061398c71d50508a9cb678c2a207e',
    { ignoresCase: true, operators: ['is', 'in'] },
  ),
  textField(
    'client certificate expires',
    'handshake',
    'When the certificate expires: `2027-01-31T00:00:00Z`.',
    'client certificate expires starts 2027-',
    { operators: ['is', 'in', 'starts'] },
  ),
];
