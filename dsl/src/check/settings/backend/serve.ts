/**
 * Serve: what answers where no server does. Main thread.
 */
import { readSite } from '../../values/address.ts';
import { defaultUse } from '../component.ts';
import { backendSetting } from './backend-setting.ts';

export const fallBackTo = backendSetting({
  name: 'fall back to',
  doc: 'failover: sends requests to another backend while too few servers are healthy',
  example: 'fall back to sorry when healthy below 1',
  args: [
    { name: 'to', type: 'backend', doc: 'the other backend' },
    {
      name: 'below',
      type: 'number',
      before: 'when healthy below',
      doc: 'servers that are up, ready, and have a weight above 0',
      default: 1,
      min: 1,
      max: 16_384,
    },
  ],
  defaults: () => ({ fallBack: null }),
  why: 'requests go where the rules send them',
  read({ scope, span, items, args: { to, below }, owner }) {
    const whole = { start: span.start, end: items.at(-1)!.end };
    scope.fallBacks.set(owner.name, { to, source: scope.source, span: whole });
    return { fallBack: { to, below, place: scope.place(whole) } };
  },
});

export const serve = backendSetting({
  name: 'serve',
  doc: 'answers requests without servers',
  example: 'serve files "/srv/sorry" status 503',
  slot: 'serve',
  args: [],
  defaults: () => ({ serve: null }),
  why: 'servers answer',
  fitsServe: true,
  mayAddServers: true,
  read: ({ use }) => ({ serve: use }),
});

export const serveSite = backendSetting({
  name: 'serve site',
  doc: 'a website that is selected by its host name, such as one in an object store; it is not sent cookies or credentials',
  example: 'serve site "http://sorry.example.net"',
  args: [{ name: 'url', type: 'text', doc: '`http://` or `https://`, a host name, and optionally a port' }],
  defaults: () => ({ siteHost: null }),
  why: 'servers get the host that clients ask for',
  fitsServe: true,
  mayAddServers: true,
  requestWords: ({ span }) => [['serve site', span]],
  read({ scope, args, spans }, { servers }) {
    const url = args.url as string;
    const span = spans.get('url')!;
    const site = readSite(url);
    if ('problem' in site) return scope.error('SL0645', span, { value: url, problem: site.problem }, site.fix);
    const server = { name: 'site', address: site.address, weight: 1, max: 0, queue: 0, isBackup: false };
    servers.add(scope, { ...server, place: scope.place(span) }, span, span);
    return { siteHost: site.authority };
  },
  /** A site by `https:` needs no line that says how TLS is spoken. */
  complete({ scope, args, spans }, { tls }) {
    const site = readSite(args.url as string);
    if ('problem' in site || !site.isHttps || tls !== undefined) return null;
    return { tls: defaultUse(scope, 'server tls', 'bridge', spans.get('url')!) };
  },
});
