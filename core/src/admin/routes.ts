/**
 * Routes: what the admin API can do, row by row. Main thread. It uses nothing but what every embedder has.
 */
import { readFileSync } from 'node:fs';
import type { Gateway } from '../control/gateway.ts';
import type { ServerStats } from '../control/watch/stats.ts';
import { ADMIN_STATES, type AdminState, SERVER_STATES } from '../shared/tables/server-table.ts';
import { AdminError } from './admin-errors.ts';
import { METRICS_TYPE, metricsText } from './metrics.ts';
import type { Route, RouteRequest } from './route.ts';
import {
  BACKEND,
  CERTIFICATES,
  EXPLAIN,
  EXPLANATION,
  LISTS,
  MEMBERS,
  NOTHING,
  RELOADED,
  RENEW,
  SERVER,
  SERVER_CHANGE,
  SESSIONS,
  STATS,
  STATUS,
  STICKY,
  STICKY_CLIENT,
} from './schemas.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

/** VERSION is this release's. */
export const VERSION = version;

interface ServerChange {
  readonly admin?: AdminState;
  readonly deadline?: string;
  readonly close?: boolean;
  readonly weight?: number;
  readonly max?: number;
}

export const ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/status',
    id: 'getStatus',
    doc: 'The gateway as a whole: generation, threads, listeners, uptime, versions.',
    answer: STATUS,
    handle: ({ gateway }) => status(gateway),
  },
  {
    method: 'GET',
    path: '/v1/stats',
    id: 'getStats',
    doc: 'Everything that is counted, in one picture.',
    answer: STATS,
    handle({ gateway }) {
      const stats = gateway.stats();
      return { ...stats, backends: backends(gateway) };
    },
  },
  {
    method: 'GET',
    path: '/v1/backends',
    id: 'listBackends',
    doc: 'All backends with their servers.',
    answer: { type: 'object', properties: { backends: { type: 'array', items: BACKEND } }, required: ['backends'] },
    handle: ({ gateway }) => ({ backends: backends(gateway) }),
  },
  {
    method: 'GET',
    path: '/v1/backends/{backend}',
    id: 'getBackend',
    doc: 'One backend with its servers.',
    answer: BACKEND,
    refusals: { 404: 'There is no such backend.' },
    handle({ gateway, params }) {
      const all = backends(gateway);
      const found = all.find(({ name }) => name === params.backend);
      if (found !== undefined) return found;
      throw new AdminError('SA0111', { backend: params.backend!, known: all.map(({ name }) => name).join(', ') });
    },
  },
  {
    method: 'GET',
    path: '/v1/backends/{backend}/members',
    id: 'listMembers',
    doc: 'Who a backend’s servers are, where each comes from, and how those that find them are doing.',
    answer: MEMBERS,
    refusals: { 404: 'There is no such backend.' },
    handle: members,
  },
  {
    method: 'POST',
    path: '/v1/backends/{backend}/sticky',
    id: 'findSticky',
    doc: 'Where a client belongs, why, and since when. Asking changes nothing.',
    body: STICKY_CLIENT,
    answer: STICKY,
    refusals: { 404: 'There is no such backend, or it has no `stick` line.' },
    handle: ({ gateway, params, body }) =>
      gateway.stickiness(params.backend!).find(body as Parameters<ReturnType<Gateway['stickiness']>['find']>[0]),
  },
  {
    method: 'GET',
    path: '/v1/servers',
    id: 'listServers',
    doc: 'The servers of all backends.',
    answer: { type: 'object', properties: { servers: { type: 'array', items: SERVER } }, required: ['servers'] },
    handle: ({ gateway }) => ({ servers: backends(gateway).flatMap(({ servers }) => servers) }),
  },
  {
    method: 'GET',
    path: '/v1/backends/{backend}/servers/{server}',
    id: 'getServer',
    doc: 'One server: states, last check, weight, what is open, counters.',
    answer: SERVER,
    refusals: { 404: 'There is no such server.' },
    handle: server,
  },
  {
    method: 'PATCH',
    path: '/v1/backends/{backend}/servers/{server}',
    id: 'changeServer',
    doc: 'Takes a server out or back, or sets its weight or max. All of a body is applied, or nothing.',
    body: SERVER_CHANGE,
    answer: SERVER,
    refusals: { 404: 'There is no such server.' },
    handle: changeServer,
  },
  {
    method: 'GET',
    path: '/v1/backends/{backend}/servers/{server}/sessions',
    id: 'listSessions',
    doc: 'Who holds on to a server, oldest first.',
    query: {
      most: { type: 'string', pattern: '^([1-9]\\d{0,2}|1000)$', description: 'At most so many; 1 to 1000, else 100.' },
    },
    answer: SESSIONS,
    refusals: { 404: 'There is no such server.' },
    handle: (request) => handleOf(request).sessions({ most: Number(request.query.most ?? 100) }),
  },
  {
    method: 'POST',
    path: '/v1/reload',
    id: 'reload',
    doc: 'Reads the rules again, as SIGHUP does, and answers when they are in force. Reloads wait for each other.',
    body: NOTHING,
    answer: RELOADED,
    refusals: { 409: 'The gateway is not running.', 422: 'The rules are not right, and the old ones stay in force.' },
    async handle({ gateway }) {
      await gateway.reload();
      return { generation: gateway.stats().generation };
    },
  },
  {
    method: 'GET',
    path: '/v1/certificates',
    id: 'listCertificates',
    doc: 'All certificates of listeners, and how they stand: those that the gateway renews by itself, and those from files.',
    answer: CERTIFICATES,
    handle: ({ gateway }) => certificates(gateway),
  },
  {
    method: 'POST',
    path: '/v1/certificates/renew',
    id: 'renewCertificate',
    doc: 'Tries for the certificates with a name now, whatever their schedule says. The answer does not wait for the authority.',
    body: RENEW,
    answer: CERTIFICATES,
    refusals: { 404: 'No source has a certificate for the name.' },
    handle({ gateway, body }) {
      gateway.renewCertificate((body as { readonly name: string }).name);
      return certificates(gateway);
    },
  },
  {
    method: 'POST',
    path: '/v1/explain',
    id: 'explain',
    doc: 'What would happen to a request now, and why.',
    body: EXPLAIN,
    answer: EXPLANATION,
    handle: ({ gateway, body }) => gateway.explain(body as Parameters<Gateway['explain']>[0]),
  },
  {
    method: 'GET',
    path: '/v1/lists',
    id: 'listLists',
    doc: 'Lists and maps, and how many entries are in force.',
    answer: LISTS,
    handle: ({ gateway }) => lists(gateway),
  },
  {
    method: 'GET',
    path: '/metrics',
    id: 'getMetrics',
    doc: 'All counters in the text format of Prometheus.',
    answer: { mediaType: METRICS_TYPE },
    async handle({ gateway, stream }) {
      const body = await metricsText(gateway);
      stream((response) => {
        response.writeHead(200, { 'content-type': METRICS_TYPE, 'content-length': Buffer.byteLength(body) });
        response.end(body);
      });
    },
  },
];

function status(gateway: Gateway) {
  const { generation, listeners, threads, sticks } = gateway.stats();
  const servers = Object.fromEntries([...SERVER_STATES, ...ADMIN_STATES].map((state) => [state, 0]));
  for (const { state, admin } of gateway.stats().backends.flatMap((backend) => backend.servers)) {
    servers[state]!++;
    servers[admin]!++;
  }
  return {
    state: gateway.state,
    generation,
    version: { sluice: VERSION, node: process.versions.node },
    pid: process.pid,
    uptimeMs: gateway.uptimeMs,
    listeners: listeners.map(({ counters: _, ...listener }) => listener),
    threads,
    servers,
    sticks,
  };
}

function backends(gateway: Gateway) {
  return gateway.stats().backends.map((backend) => ({
    ...backend,
    servers: backend.servers.map((each) => view(gateway, backend.name, each)),
  }));
}

function view(gateway: Gateway, backend: string, stats: ServerStats) {
  const { draining, history } = gateway.server(`${backend}/${stats.name}`);
  return { backend, ...stats, history, draining };
}

function members({ gateway, params }: RouteRequest) {
  const all = gateway.stats().backends;
  const found = all.find(({ name }) => name === params.backend);
  if (found === undefined) {
    throw new AdminError('SA0111', { backend: params.backend!, known: all.map(({ name }) => name).join(', ') });
  }
  return {
    backend: found.name,
    members: found.servers.map(({ name, address, source, state, admin, weight, isBackup, open, waiting }) => {
      return { name, address, source, state, admin, weight, isBackup, open, waiting };
    }),
    sources: found.discoveries,
  };
}

function handleOf({ gateway, params }: RouteRequest) {
  return gateway.server(`${params.backend}/${params.server}`);
}

function server({ gateway, params }: RouteRequest) {
  // Throws for one that is not there.
  gateway.server(`${params.backend}/${params.server}`);
  const { servers } = gateway.stats().backends.find(({ name }) => name === params.backend)!;
  return view(gateway, params.backend!, servers.find(({ name }) => name === params.server)!);
}

function changeServer(request: RouteRequest) {
  const { admin, deadline, close, weight, max } = request.body as ServerChange;
  if (deadline !== undefined && admin !== 'drain') {
    throw new AdminError('SA0106', { problem: 'body/deadline belongs to `"admin": "drain"`' });
  }
  if (close !== undefined && admin === 'ready') {
    throw new AdminError('SA0106', { problem: 'body/close belongs to `"admin": "drain"` or `"maint"`' });
  }
  // Everything was checked, so nothing below throws once the server is found.
  const handle = handleOf(request);
  const cut = close === undefined ? {} : { close };
  if (weight !== undefined) handle.weight(weight);
  if (max !== undefined) handle.max(max);
  if (admin === 'ready') handle.ready();
  else if (admin === 'maint') void handle.maint(cut);
  else if (admin === 'drain') void handle.drain({ ...cut, ...(deadline === undefined ? {} : { deadline }) });
  return server(request);
}

function certificates(gateway: Gateway) {
  const dateOf = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
  return {
    certificates: gateway.certificates().map(({ expiresMs, nextMs, ...rest }) => ({
      ...rest,
      expires: dateOf(expiresMs),
      next: dateOf(nextMs),
    })),
  };
}

function lists(gateway: Gateway) {
  const { lists: all, maps } = gateway.plan;
  return {
    lists: all.map(({ name, type, entries, file }) => ({
      name,
      type,
      entries: entries.length,
      file: file?.name ?? null,
      refreshMs: file?.refreshMs ?? 0,
    })),
    maps: maps.map(({ name, from, to, entries, file }) => ({
      name,
      from,
      to,
      entries: entries.length,
      file: file.name,
      refreshMs: file.refreshMs,
    })),
  };
}
