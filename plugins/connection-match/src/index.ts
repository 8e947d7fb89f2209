/**
 * The manifest of connection-match: fields of the connection that a request came by. Main thread only.
 */
import { definePlugin } from '@sluice/core/plugin';
import { CERTIFICATE_FIELDS } from './certificate-fields.ts';
import { PROXY_FIELDS } from './proxy-fields.ts';
import { TLS_FIELDS } from './tls-fields.ts';

export default definePlugin({
  name: 'connection-match',
  apiVersion: 1,
  data: new URL('../dist/data.js', import.meta.url).href,
  words: [...TLS_FIELDS, ...CERTIFICATE_FIELDS, ...PROXY_FIELDS],
});
