/**
 * The declarations of the fields of PROXY headers of version 2 from trusted proxies. Main thread only.
 */
import type { FieldWord } from '@sluice/dsl/vocabulary';
import { textField } from './text-field.ts';

export const PROXY_FIELDS: readonly FieldWord[] = [
  textField(
    'proxy sni',
    'proxy',
    'The server name (SNI) that the client requested from the proxy in front of the gateway. Ignores case.',
    'proxy sni www.example.com',
    { ignoresCase: true, index: 'host' },
  ),
  textField('proxy alpn', 'proxy', 'The protocol that the proxy negotiated with the client by ALPN.', 'proxy alpn h2'),
  textField(
    'proxy id',
    'proxy',
    'The unique ID that the proxy gave the connection, in hexadecimal. Ignores case.',
    'proxy id present',
    { ignoresCase: true },
  ),
  textField(
    'proxy tls version',
    'proxy',
    'The TLS version of the client’s connection to the proxy, as the proxy writes it.',
    'proxy tls version TLSv1.3',
  ),
  textField(
    'proxy tls cipher',
    'proxy',
    'The cipher of the client’s connection to the proxy, as the proxy writes it.',
    'proxy tls cipher TLS_AES_128_GCM_SHA256',
  ),
  textField(
    'proxy client certificate',
    'proxy',
    'The proxy’s verdict on the client’s certificate: `verified`, `unverified` or `none`.',
    'proxy client certificate verified',
    { operators: ['is', 'in'], values: ['verified', 'unverified', 'none'], isOptional: false },
  ),
  textField(
    'proxy client certificate cn',
    'proxy',
    'The common name of the client’s certificate, if the proxy verified it.',
    'proxy client certificate cn ann',
  ),
];
