/**
 * The declarations of the fields of PROXY headers of version 2 from trusted proxies. Main thread only.
 */
import type { FieldWord } from '@sluice/dsl/vocabulary';
import { textField } from './text-field.ts';

export const PROXY_FIELDS: readonly FieldWord[] = [
  textField(
    'proxy sni',
    'proxy',
    'The name that the client asked the proxy before us for. Ignores case.',
    'proxy sni www.example.com',
    { ignoresCase: true, index: 'host' },
  ),
  textField('proxy alpn', 'proxy', 'The protocol that the proxy before us agreed upon.', 'proxy alpn h2'),
  textField(
    'proxy id',
    'proxy',
    'The unique identity that it gave the connection, in hexadecimal digits. Ignores case.',
    'proxy id present',
    { ignoresCase: true },
  ),
  textField(
    'proxy tls version',
    'proxy',
    'The version of TLS that it spoke with the client, in its own words.',
    'proxy tls version TLSv1.3',
  ),
  textField(
    'proxy tls cipher',
    'proxy',
    'The cipher that it spoke with the client, in its own words.',
    'proxy tls cipher TLS_AES_128_GCM_SHA256',
  ),
  textField(
    'proxy client certificate',
    'proxy',
    'What it made of the client’s certificate: `verified`, `unverified` or `none`.',
    'proxy client certificate verified',
    { operators: ['is', 'in'], values: ['verified', 'unverified', 'none'], isOptional: false },
  ),
  textField(
    'proxy client certificate cn',
    'proxy',
    'The common name of the client’s certificate, where it found that good.',
    'proxy client certificate cn ann',
  ),
];
