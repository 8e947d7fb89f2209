/**
 * The manifest of stick-cookie: `stick on cookie NAME` and `stick with cookie NAME`. Main thread only.
 */
import { definePlugin } from '@sluice/core/plugin';
import { cookieError } from './errors.ts';

const HOUR_MS = 3_600_000;
const YEAR_MS = 8760 * HOUR_MS;

export default definePlugin({
  name: 'stick-cookie',
  apiVersion: 1,
  data: new URL('../dist/data.js', import.meta.url).href,
  components: [
    {
      kind: 'component',
      slot: 'stick',
      name: 'on cookie',
      needsRequest: true,
      doc: 'Session persistence by a cookie that the application sets: a client with a known value stays on its server.',
      example: 'stick on cookie sid ttl 8h',
      args: [
        { name: 'cookie', type: 'cookie', doc: 'The name of the cookie. Case-sensitive.' },
        {
          name: 'ttl',
          type: 'duration',
          before: 'ttl',
          doc: 'How long a client is remembered after its last request. Default 8h.',
          isOptional: true,
          default: 8 * HOUR_MS,
          min: 1000,
          max: YEAR_MS,
        },
        {
          name: 'size',
          type: 'number',
          before: 'size',
          doc: 'How many clients are remembered; beyond that, the least recent are forgotten. Default 65536.',
          isOptional: true,
          default: 65536,
          min: 1,
          max: 10_000_000,
        },
      ],
    },
    {
      kind: 'component',
      slot: 'stick',
      name: 'with cookie',
      needsRequest: true,
      doc: 'Session persistence by a cookie that the gateway sets. Servers do not see it.',
      example: 'stick with cookie srv',
      hasTable: false,
      ownCookie: ['cookie', 'domain', 'path'],
      args: [
        { name: 'cookie', type: 'cookie', doc: 'The name of the cookie, which nothing else may use. Case-sensitive.' },
        {
          name: 'ttl',
          type: 'duration',
          before: 'ttl',
          doc: 'How long the cookie lasts after the last request. Default: until the browser is closed.',
          isOptional: true,
          min: 1000,
          max: YEAR_MS,
        },
        {
          name: 'key',
          type: 'text',
          before: 'key',
          doc: 'The secret that the cookie’s values are derived from. Gateways with the same key share their cookies. Default: a new one at each start.',
          isOptional: true,
        },
        {
          name: 'domain',
          type: 'text',
          before: 'domain',
          doc: 'The domain whose hosts all receive it. Default: only the host of the request.',
          isOptional: true,
        },
        {
          name: 'path',
          type: 'path',
          before: 'path',
          doc: 'The path under which the client sends it. Default `/`.',
          isOptional: true,
          default: '/',
        },
        {
          name: 'samesite',
          type: 'name',
          before: 'samesite',
          doc: 'Whether browsers send the cookie with requests from other sites: `strict`, `lax` or `none`. Default `lax`.',
          isOptional: true,
          default: 'lax',
          choices: ['strict', 'lax', 'none'],
        },
        {
          name: 'secure',
          type: 'flag',
          before: 'secure',
          doc: 'Sends the cookie over https only, even if a proxy in front of the gateway terminates TLS.',
          isOptional: true,
        },
      ],
      validate(options) {
        const { key, domain, path } = options;
        if (typeof key === 'string') {
          throw cookieError('SP1001', {});
        }
        if (domain !== undefined && !DOMAIN.test(String(domain))) {
          throw cookieError('SP1002', { domain: String(domain) });
        }
        if (path !== undefined && !/^\/[!-:<-~]*$/.test(String(path))) {
          throw cookieError('SP1003', { path: String(path) });
        }
        return options;
      },
    },
  ],
});

const DOMAIN = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/i;
