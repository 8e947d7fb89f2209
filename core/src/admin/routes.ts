/**
 * Routes: what carries out each operation of the admin API. Main thread. It uses nothing but what every embedder has.
 */
import type { ServerResponse } from 'node:http';
import type { Gateway } from '../control/gateway.ts';
import type { ServerStats } from '../control/watch/stats.ts';
import { ADMIN_STATES, type AdminState, SERVER_STATES, type ServerState } from '../shared/tables/server-table.ts';
import { AdminError } from './admin-errors.ts';
import {
  confirmConfiguration,
  getConfiguration,
  getHistory,
  listHistory,
  replaceConfiguration,
  rollbackConfiguration,
} from './configuration-routes.ts';
import { type AnswerOf, LINE, METRICS, OPERATIONS, type Operation, type OperationId } from './operations.ts';
import type { Route, RouteRequest } from './route.ts';
import { VERSION } from './version.ts';

type Handlers = {
  readonly [Id in OperationId]: (request: RouteRequest<Id>) => AnswerOf<Id> | Promise<AnswerOf<Id>>;
};

const HANDLERS: Handlers = {
  getLive({ stream }) {
    stream((response) => sendLine(response, 200, 'live'));
  },
  getReady({ gateway, stream }) {
    const { state } = gateway;
    if (state === 'running') stream((response) => sendLine(response, 200, 'ready'));
    else stream((response) => sendLine(response, 503, state === 'stopping' ? 'draining' : 'starting'));
  },
  getStatus: ({ gateway }) => status(gateway),
  getStats({ gateway }) {
    const stats = gateway.stats();
    return { ...stats, backends: backends(gateway) };
  },
  listBackends: ({ gateway }) => ({ backends: backends(gateway) }),
  getBackend({ gateway, params }) {
    const all = backends(gateway);
    const found = all.find(({ name }) => name === params.backend);
    if (found !== undefined) return found;
    throw new AdminError('SA0111', { backend: params.backend, known: all.map(({ name }) => name).join(', ') });
  },
  listMembers: members,
  findSticky: ({ gateway, params, body }) => gateway.stickiness(params.backend).find(body),
  listSticky({ gateway, params, query: { most = '100', after = '0', server: name } }) {
    const wish = name === undefined ? {} : { server: name };
    return gateway.stickiness(params.backend).entries({ most: Number(most), after: Number(after), ...wish });
  },
  async clearSticky({ gateway, params, body: { entry, server: name }, record }) {
    record({ wish: { ...(entry === undefined ? {} : { entry }), ...(name === undefined ? {} : { server: name }) } });
    const wish = entry !== undefined ? { entry } : name !== undefined ? { server: name } : { all: true as const };
    return { cleared: await gateway.stickiness(params.backend).clear(wish) };
  },
  listServers: ({ gateway }) => ({ servers: backends(gateway).flatMap(({ servers }) => servers) }),
  getServer: server,
  changeServer,
  async addServer({ gateway, params, body, record }) {
    record({ wish: body });
    const { server: name } = await gateway.addServer(params.backend, body);
    return serverView(gateway, params.backend, name);
  },
  async removeServer({ gateway, params }) {
    await gateway.removeServer(params.backend, params.server);
    return { removed: `${params.backend}/${params.server}` };
  },
  listSessions: (request) => handleOf(request).sessions({ most: Number(request.query.most ?? 100) }),
  listAllSessions({ gateway, query }) {
    const { most = '100', ...wish } = query;
    return gateway.sessions({ ...wish, most: Number(most) });
  },
  async endSessions({ gateway, body, record }) {
    const ended = await gateway.endSessions(body);
    record({ wish: body, ended });
    return { ended };
  },
  async listErrors({ gateway, query }) {
    const errors = await gateway.errors({ most: Number(query.most ?? 100) });
    return { errors: errors.map(({ atMs, ...rest }) => ({ at: new Date(atMs).toISOString(), ...rest })) };
  },
  async reload({ gateway, record }) {
    const before = gateway.stats().generation;
    await gateway.reload();
    const { generation } = gateway.stats();
    record({ before, after: generation });
    return { generation };
  },
  async upgrade({ gateway }) {
    await gateway.upgrade();
    return { isUpgraded: true };
  },
  listCertificates: ({ gateway }) => certificates(gateway),
  renewCertificate({ gateway, body, record }) {
    record({ wish: body });
    gateway.renewCertificate(body.name);
    return certificates(gateway);
  },
  explain: ({ gateway, body }) => gateway.explain(body),
  listLists: ({ gateway }) => lists(gateway),
  getList({ gateway, params, query: { most = '100', after = '0', contains = '' } }) {
    return gateway.list(params.list, { most: Number(most), after: Number(after), contains });
  },
  changeList: ({ gateway, params, body }) => gateway.changeList(params.list, body),
  async listLimited({ gateway, query }) {
    const clients = await gateway.limited({ most: Number(query.most ?? 100) });
    return {
      clients: clients.map(({ firstMs, lastMs, ...client }) => ({
        ...client,
        firstRefused: new Date(firstMs).toISOString(),
        lastRefused: new Date(lastMs).toISOString(),
      })),
    };
  },
  async clearLimits({ gateway, body: { entry }, record }) {
    record({ wish: entry === undefined ? { all: true } : { entry } });
    return { cleared: await gateway.clearLimits(entry === undefined ? { all: true } : { entry }) };
  },
  listRules: ({ gateway, query }) => ({
    rules: gateway
      .rules()
      .filter(({ listener }) => query.listener === undefined || listener === query.listener)
      .filter(({ hits }) => query.hits === undefined || (query.hits === 'none' ? hits === 0 : (hits ?? 0) > 0)),
  }),
  getConfiguration,
  replaceConfiguration,
  confirmConfiguration,
  listHistory,
  getHistory,
  rollbackConfiguration,
  async getMetrics({ metrics, stream }) {
    const body = await metrics.text();
    stream((response) => {
      response.writeHead(200, { 'content-type': METRICS.mediaType, 'content-length': Buffer.byteLength(body) });
      response.end(body);
    });
  },
};

function sendLine(response: ServerResponse, status: number, word: string): void {
  response.writeHead(status, {
    'content-type': LINE.mediaType,
    'content-length': word.length + 1,
    'cache-control': 'no-store',
  });
  response.end(`${word}\n`);
}

/** ROUTES are the operations with what they do, in the order of the table. */
export const ROUTES: readonly Route[] = (Object.keys(OPERATIONS) as OperationId[]).map(routeOf);

function routeOf<Id extends OperationId>(id: Id): Route {
  const operation: Operation = OPERATIONS[id];
  // The server has validated the request by the operation's schemas.
  return { ...operation, id, handle: (request) => HANDLERS[id](request as RouteRequest<Id>) };
}

function status(gateway: Gateway): AnswerOf<'getStatus'> {
  const { generation, listeners, threads, sticks, backends } = gateway.stats();
  const all = backends.flatMap((backend) => backend.servers);
  const countOf = (wanted: ServerState | AdminState): number =>
    all.filter(({ state, admin }) => state === wanted || admin === wanted).length;
  const states = [...SERVER_STATES, ...ADMIN_STATES];
  const servers = Object.fromEntries(states.map((state) => [state, countOf(state)])) as Record<
    (typeof states)[number],
    number
  >;
  return {
    state: gateway.state,
    generation,
    version: { sluice: VERSION, node: process.versions.node },
    pid: process.pid,
    uptimeMs: gateway.uptimeMs,
    memory: memory(),
    listeners: listeners.map(({ counters: _, backends: __, ...listener }) => listener),
    threads,
    servers,
    sticks,
  };
}

function memory() {
  const { rss: residentBytes, heapUsed: heapBytes } = process.memoryUsage();
  return { residentBytes, heapBytes };
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

function members({ gateway, params }: RouteRequest<'listMembers'>): AnswerOf<'listMembers'> {
  const all = gateway.stats().backends;
  const found = all.find(({ name }) => name === params.backend);
  if (found === undefined) {
    throw new AdminError('SA0111', { backend: params.backend, known: all.map(({ name }) => name).join(', ') });
  }
  return {
    backend: found.name,
    members: found.servers.map(({ name, address, source, state, admin, weight, isBackup, open, waiting }) => {
      return { name, address, source, state, admin, weight, isBackup, open, waiting };
    }),
    sources: found.discoveries,
  };
}

type ServerRequest = RouteRequest<'getServer' | 'changeServer' | 'listSessions'>;

function handleOf({ gateway, params }: ServerRequest) {
  return gateway.server(`${params.backend}/${params.server}`);
}

function server({ gateway, params }: ServerRequest): AnswerOf<'getServer'> {
  return serverView(gateway, params.backend, params.server);
}

function serverView(gateway: Gateway, backend: string, server: string): AnswerOf<'getServer'> {
  // Throws for one that is not there.
  gateway.server(`${backend}/${server}`);
  const { servers } = gateway.stats().backends.find(({ name }) => name === backend)!;
  return view(gateway, backend, servers.find(({ name }) => name === server)!);
}

function changeServer(request: RouteRequest<'changeServer'>): AnswerOf<'changeServer'> {
  const { admin, deadline, close, weight, max } = request.body;
  if (deadline !== undefined && admin !== 'drain') {
    throw new AdminError('SA0106', { problem: 'body/deadline belongs to `"admin": "drain"`' });
  }
  if (close !== undefined && admin === 'ready') {
    throw new AdminError('SA0106', { problem: 'body/close belongs to `"admin": "drain"` or `"maint"`' });
  }
  // Everything was checked, so nothing below throws once the server is found.
  const handle = handleOf(request);
  const found = server(request);
  const cut = close === undefined ? {} : { close };
  if (weight !== undefined) handle.weight(weight);
  if (max !== undefined) handle.max(max);
  if (admin === 'ready') handle.ready();
  else if (admin === 'maint') void handle.maint(cut);
  else if (admin === 'drain') void handle.drain({ ...cut, ...(deadline === undefined ? {} : { deadline }) });
  const changed = server(request);
  request.record({ before: settingsOf(found), after: settingsOf(changed) });
  return changed;
}

/** settingsOf is what an operator may set of a server. */
function settingsOf({ admin, weight, max, draining }: AnswerOf<'getServer'>): object {
  return { admin, weight, max, draining };
}

function certificates(gateway: Gateway): AnswerOf<'listCertificates'> {
  const dateOf = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
  return {
    certificates: gateway.certificates().map(({ expiresMs, nextMs, ...rest }) => ({
      ...rest,
      expires: dateOf(expiresMs),
      next: dateOf(nextMs),
    })),
  };
}

function lists(gateway: Gateway): AnswerOf<'listLists'> {
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
