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
    '`verified`, `unverified` (`client certificate problem` says why), or `none`.',
    'client certificate verified',
    { operators: ['is', 'in'], values: ['verified', 'unverified', 'none'], isOptional: false },
  ),
  textField(
    'client certificate problem',
    'handshake',
    'Why the client’s certificate is not good: `expired`, `not yet valid`, `revoked`, `unknown authority`, `self-signed`, `not for clients`, or OpenSSL’s own word.',
    'client certificate problem expired',
  ),
  textField(
    'client certificate subject',
    'handshake',
    'Whom the client’s certificate is for, as RFC 4514 writes names. Like all but `fingerprint`, only of one that is verified.',
    'client certificate subject "CN=ann,O=Example"',
  ),
  textField(
    'client certificate cn',
    'handshake',
    'The most specific common name in its subject.',
    'client certificate cn ann, bob',
  ),
  textField(
    'client certificate issuer',
    'handshake',
    'Who signed it, as RFC 4514 writes names.',
    'client certificate issuer "CN=Staff,O=Example"',
  ),
  textField(
    'client certificate dns',
    'handshake',
    'The DNS names in it (subject alternative names). Ignores case.',
    'client certificate dns like *.devices.example.com',
    { ...MANY, ignoresCase: true },
  ),
  textField(
    'client certificate email',
    'handshake',
    'The mail addresses in it (subject alternative names).',
    'client certificate email ends @example.com',
    MANY,
  ),
  textField(
    'client certificate uri',
    'handshake',
    'The URIs in it (subject alternative names), such as SPIFFE identities.',
    'client certificate uri starts "spiffe://example.com/billing/"',
    MANY,
  ),
  textField(
    'client certificate serial',
    'handshake',
    'Its serial number, in hexadecimal digits. Ignores case.',
    'client certificate serial 09bd5ee25845277d',
    { ignoresCase: true, operators: ['is', 'in'] },
  ),
  textField(
    'client certificate fingerprint',
    'handshake',
    'SHA-256 of the certificate, 64 hexadecimal digits; also of one that is not verified. Ignores case.',
    'client certificate fingerprint c46cc818412483c4746aa4c4f9a9d5661c7061398c71d50508a9cb678c2a207e',
    { ignoresCase: true, operators: ['is', 'in'] },
  ),
  textField(
    'client certificate expires',
    'handshake',
    'Until when it is valid: `2027-01-31T00:00:00Z`.',
    'client certificate expires starts 2027-',
    { operators: ['is', 'in', 'starts'] },
  ),
];
