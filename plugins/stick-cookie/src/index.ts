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
      doc: "Sends a client back to the server that it had, known by a cookie of the application's own.",
      example: 'stick on cookie sid ttl 8h',
      args: [
        { name: 'cookie', type: 'cookie', doc: 'The name of the cookie. Case matters.' },
        {
          name: 'ttl',
          type: 'duration',
          before: 'ttl',
          doc: 'How long a client that does not come back is remembered. Default 8h.',
          isOptional: true,
          default: 8 * HOUR_MS,
          min: 1000,
          max: YEAR_MS,
        },
        {
          name: 'size',
          type: 'number',
          before: 'size',
          doc: 'How many clients are remembered; beyond that the oldest are forgotten. Default 65536.',
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
      doc: "Sends a client back to the server that it had, known by a cookie that the gateway sets. Servers don't see it.",
      example: 'stick with cookie srv',
      hasTable: false,
      ownCookie: ['cookie', 'domain', 'path'],
      args: [
        { name: 'cookie', type: 'cookie', doc: 'The name of the cookie, which nothing else may use. Case matters.' },
        {
          name: 'ttl',
          type: 'duration',
          before: 'ttl',
          doc: 'How long a client that does not come back keeps it. Default: until the browser is closed.',
          isOptional: true,
          min: 1000,
          max: YEAR_MS,
        },
        {
          name: 'key',
          type: 'text',
          before: 'key',
          doc: 'A secret that values are made with, alike at every gateway that has it. Default: a new one at each start.',
          isOptional: true,
        },
        {
          name: 'domain',
          type: 'text',
          before: 'domain',
          doc: 'The domain whose hosts all get it. Default: only the host that was asked.',
          isOptional: true,
        },
        {
          name: 'path',
          type: 'path',
          before: 'path',
          doc: 'Below which path the client sends it. Default `/`.',
          isOptional: true,
          default: '/',
        },
        {
          name: 'samesite',
          type: 'name',
          before: 'samesite',
          doc: 'Whether it comes along from other sites: `strict`, `lax` or `none`. Default `lax`.',
          isOptional: true,
          default: 'lax',
          choices: ['strict', 'lax', 'none'],
        },
        {
          name: 'secure',
          type: 'flag',
          before: 'secure',
          doc: 'Only for https, also where something before this gateway opens TLS.',
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
