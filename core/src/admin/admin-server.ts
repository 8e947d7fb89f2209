/**
 * AdminServer: the admin API on an address. Main thread; imported only where there is to be one.
 *
 * Callers are trusted with the gateway once they are let in, but what they send is not: bodies, heads, time and connections
 * all have limits, and every body and query is checked by its route's schema.
 */
import { createServer, type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type Address, isSocketFile, socketName } from '@sluice/dsl/plan';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { AdminEndpoint, AdminEndpointOptions, Admission } from '../control/admin/admin-host.ts';
import type { Gateway } from '../control/gateway.ts';
import { ADMIN_API, bindError, formatAddress, tryAddress } from '../control/reload/ports.ts';
import { SocketFile } from '../shared/listen/socket-file.ts';
import { Access, type Caller } from './access.ts';
import { AdminError, errorAnswer } from './admin-errors.ts';
import { allowedMethods } from './allowed-methods.ts';
import { AuditLog } from './audit-log.ts';
import { type Arrival, Entrance } from './entrance.ts';
import { EventStreams } from './event-streams.ts';
import { listenOn, listenShared } from './listen.ts';
import { Metrics } from './metrics.ts';
import { openApiDocument } from './openapi.ts';
import type { Route } from './route.ts';
import { ROUTES } from './routes.ts';
import { paramSchema } from './schemas.ts';

/** The header of all answers, with the version of the API. */
const ADMIN_HEADER = 'sluice-admin';
const API_VERSION = '1';
/** The header that says what the caller may do, so that a client need not offer what would be refused. */
const ROLE_HEADER = 'sluice-role';
const BODY_LIMIT = 65_536;
const HEAD_LIMIT = 16_384;
const HEAD_TIME_MS = 5_000;
const REQUEST_TIME_MS = 10_000;
const IDLE_MS = 5_000;
const LOOK_MS = 500;
const MOST_CONNECTIONS = 256;
const RETRY_AFTER_S = 60;
/** What anybody may ask. */
const OPEN_PATHS: ReadonlySet<string> = new Set(ROUTES.filter(({ isOpen }) => isOpen).map(({ path }) => path));
const DASHBOARD_PATH = /^\/(?:dashboard\/.*)?$/;

/** What is known of a request while it is answered. */
interface Admitted {
  caller: Caller | null;
  readonly arrival: Arrival;
  /** The code of its refusal. */
  code: string | null;
  /** What the operation adds to its audit line. */
  details: object;
}

/** startAdminServer binds the address. Rejects with SG0301 to SG0307 when it cannot. */
export async function startAdminServer(options: AdminEndpointOptions<Gateway>): Promise<AdminServer> {
  if (!options.isTakeover) await tryAddress(ADMIN_API, options.address);
  const server = new AdminServer(options);
  await server.listen();
  return server;
}

export class AdminServer implements AdminEndpoint {
  readonly #options: AdminEndpointOptions<Gateway>;
  readonly #access: Access;
  readonly #entrance: Entrance;
  readonly #audit: AuditLog;
  readonly #admitted = new WeakMap<FastifyRequest, Admitted>();
  readonly #streams: EventStreams;
  readonly #metrics: Metrics;
  readonly #app: FastifyInstance;
  #server!: Server;
  #file: SocketFile | null = null;
  #refused = 0;

  constructor(options: AdminEndpointOptions<Gateway>) {
    this.#options = options;
    this.#access = new Access(options);
    this.#audit = new AuditLog(options.log, options.auditFile);
    this.#streams = new EventStreams(options.gateway);
    this.#metrics = new Metrics(options.gateway);
    this.#app = fastify({
      bodyLimit: BODY_LIMIT,
      routerOptions: { maxParamLength: HEAD_LIMIT },
      // Bodies are taken as they are: nothing is left out, put in, or made into another type.
      ajv: { customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: false, allErrors: false } },
      frameworkErrors: (thrown, request, reply) => this.#refuse(thrown, request, reply),
      serverFactory: (handler) => {
        this.#server = createServer(
          {
            maxHeaderSize: HEAD_LIMIT,
            headersTimeout: HEAD_TIME_MS,
            requestTimeout: REQUEST_TIME_MS,
            keepAliveTimeout: IDLE_MS,
            connectionsCheckingInterval: LOOK_MS,
          },
          handler,
        );
        this.#server.maxConnections = MOST_CONNECTIONS;
        return this.#server;
      },
    });
    this.#entrance = this.#openEntrance();
    this.#app.removeContentTypeParser('text/plain');
    this.#app.addHook('onRequest', async (request, reply) => {
      // Callers tell by this that it is a gateway who answers, and not somebody else on the port.
      reply.raw.setHeader(ADMIN_HEADER, API_VERSION);
      // The next request is to come with what is trusted, and presented, by now.
      if (this.#entrance.isOutdated(request.raw.socket)) void reply.header('connection', 'close');
      this.#admit(request, reply);
    });
    this.#app.addHook('onResponse', async (request, reply) => this.#record(request, reply));
    this.#app.setErrorHandler((thrown, request, reply) => this.#refuse(thrown, request, reply));
    this.#app.setNotFoundHandler(notFound);
    for (const route of ROUTES) this.#add(route);
    this.#app.get('/v1/events', (request, reply) => {
      this.#streams.admit();
      reply.hijack();
      if (request.method === 'HEAD') this.#streams.head(reply.raw);
      else this.#streams.open(reply.raw);
    });
    const document = openApiDocument();
    this.#app.get('/openapi.json', async () => document);
    for (const path of ['/', '/dashboard/*']) {
      this.#app.get(path, async (request, reply) => {
        const { serveDashboard } = await import('./dashboard/serve.ts');
        return (await serveDashboard(request, reply)) ? reply : notFound(request);
      });
    }
  }

  /** What it is bound to. */
  get address(): Address {
    const bound = this.#server.address();
    const { address } = this.#options;
    return 'path' in address || bound === null || typeof bound === 'string'
      ? address
      : { ...address, port: bound.port };
  }

  /** admit is who is let in from now on, and where that is written down. */
  admit(admission: Admission): void {
    this.#access.admit(admission);
    this.#audit.file = admission.auditFile;
    this.#entrance.tls = admission.tls;
  }

  async listen(): Promise<void> {
    const { address, log, tls } = this.#options;
    await this.#app.ready();
    const server = this.#server;
    if ('path' in address && isSocketFile(address.path)) this.#file = new SocketFile(address.path);
    const file = this.#file;
    try {
      // The socket file is nobody's until it is put in its place, and then its owner's alone.
      if (file !== null) await listenOn(server, { path: file.bindPath });
      else if ('path' in address) await listenOn(server, { path: socketName(address.path) });
      else await listenShared(server, { host: address.host, port: address.port, ipv6Only: address.isV6Only === true });
      file?.place(0o600);
    } catch (thrown) {
      await this.close();
      throw bindError(ADMIN_API, address, thrown);
    }
    server.on('error', (error) => log.error({ reason: error.message }, 'the admin API failed'));
    log.info(`the admin API is on ${formatAddress(this.address)}${tls === null ? '' : ' (TLS)'}`);
  }

  /** leave stops listening; open requests go on. */
  leave(): void {
    this.#file?.remove();
    this.#server.close();
    this.#server.closeIdleConnections();
  }

  /** close ends everything at once. */
  async close(): Promise<void> {
    this.#file?.remove();
    this.#streams.close();
    this.#metrics.close();
    this.#server.close();
    this.#server.closeAllConnections();
    this.#entrance.close();
    await this.#app.close();
  }

  /** Node's own listener takes connections over once they have come in. */
  #openEntrance(): Entrance {
    const server = this.#server;
    const [take] = server.listeners('connection') as [(socket: Socket) => void];
    const entrance = new Entrance(this.#options.tls, {
      serve: (socket) => take.call(server, socket),
      notTls: plainAnswer(new AdminError('SA0117')),
    });
    server.off('connection', take);
    server.on('connection', (socket) => entrance.accept(socket));
    return entrance;
  }

  #add(route: Route): void {
    const { method, path, body, query, handle } = route;
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
    const schema = {
      ...(body === undefined ? {} : { body }),
      querystring: { type: 'object', properties: query ?? {}, additionalProperties: false },
      params: {
        type: 'object',
        properties: Object.fromEntries(names.map((name) => [name, paramSchema(name)])),
      },
    };
    this.#app.route({
      method,
      url: path.replace(/\{(\w+)\}/g, ':$1'),
      schema,
      config: { operation: route },
      ...(route.bodyBytes === undefined ? {} : { bodyLimit: route.bodyBytes }),
      handler: async (request, reply) => {
        const result = await handle({
          gateway: this.#options.gateway,
          metrics: this.#metrics,
          params: request.params,
          query: request.query,
          body: request.body,
          caller: this.#stateOf(request).caller?.name ?? null,
          ifMatch: request.headers['if-match'],
          setTag: (tag) => void reply.header('etag', `"${tag}"`),
          record: (details) => {
            Object.assign(this.#stateOf(request).details, details);
          },
          stream(begin) {
            reply.hijack();
            begin(reply.raw);
          },
        });
        return reply.sent ? reply : result;
      },
    });
  }

  #admit(request: FastifyRequest, reply: FastifyReply): void {
    const { method, url, headers } = request;
    const [path] = url.split('?') as [string];
    // A probe may ask by any name of the host, and has no token; nor has a browser before its user has signed in.
    if (OPEN_PATHS.has(path) || DASHBOARD_PATH.test(path)) {
      this.#checkMethod(method, path, reply);
      this.#access.checkWrite(method, headers);
      return;
    }
    const state = this.#stateOf(request);
    const caller = this.#access.identify(headers, state.arrival);
    state.caller = caller;
    reply.raw.setHeader(ROLE_HEADER, caller.role);
    this.#checkMethod(method, path, reply);
    const operation = operationOf(request);
    if (operation !== null) this.#access.checkRole(caller, operation);
    this.#access.checkWrite(method, headers);
  }

  #checkMethod(method: string, path: string, reply: FastifyReply): void {
    const allowed = allowedMethods(path);
    if (allowed.length === 0 || allowed.includes(method)) return;
    void reply.header('allow', allowed.join(', '));
    throw new AdminError('SA0112', { method, path: path.slice(0, 100), allowed: allowed.join(', ') });
  }

  #stateOf(request: FastifyRequest): Admitted {
    let state = this.#admitted.get(request);
    if (state === undefined) {
      state = { caller: null, arrival: this.#entrance.arrivalOf(request.raw.socket), code: null, details: {} };
      this.#admitted.set(request, state);
    }
    return state;
  }

  /** What only looks is not recorded, unless the caller was refused: a log of every scrape would hide the rest. */
  #record(request: FastifyRequest, { raw: { statusCode: status } }: FastifyReply): void {
    const { caller, arrival, code, details } = this.#stateOf(request);
    const { peer } = arrival;
    const operation = operationOf(request);
    if (!isRefusal(status) && (operation === null || operation.role === 'read')) return;
    // Wrong tokens are logged, and those that come on and on are told by their number.
    if (status === 429 || (code === 'SA0102' && !this.#isToTell(peer))) return;
    this.#audit.write({
      ...{ who: caller?.name ?? null, role: caller?.role ?? null, peer },
      ...(caller?.certificate === undefined ? {} : { certificate: caller.certificate }),
      ...{ operation: operation?.id ?? null, method: request.method, path: request.url.split('?')[0]!.slice(0, 200) },
      ...{ status, code, ...details },
    });
  }

  #refuse(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const limit = operationOf(request)?.bodyBytes ?? BODY_LIMIT;
    const answer = errorAnswer(thrown, limit);
    reply.raw.setHeader(ADMIN_HEADER, API_VERSION);
    if (answer === null) {
      this.#options.log.error(
        { error: thrown instanceof Error ? thrown.stack : String(thrown) },
        'the admin API failed',
      );
    }
    const { status, body } = answer ?? errorAnswer(new AdminError('SA0110'), limit)!;
    this.#stateOf(request).code = body.error.code;
    if (status === 429) void reply.header('retry-after', RETRY_AFTER_S);
    if (status === 401) void reply.header('www-authenticate', 'Bearer');
    // What is left of a body that is not wanted is not read.
    if (isRefusal(status) || status === 413) void reply.header('connection', 'close');
    void reply.code(status).send(body);
  }

  /** The first wrong token is told at once, then each time there were ten times as many. */
  #isToTell(peer: string | null): boolean {
    const refused = ++this.#refused;
    if (!Number.isInteger(Math.log10(refused))) return false;
    this.#options.log.warn({ refused, peer }, `the admin API was called with a wrong token (${refused})`);
    return true;
  }
}

function notFound({ method, url }: FastifyRequest): never {
  throw new AdminError('SA0105', { method, path: url.split('?')[0]!.slice(0, 100) });
}

function isRefusal(status: number): boolean {
  return status === 401 || status === 403 || status === 429;
}

/** plainAnswer is a whole response to who speaks HTTP where TLS is spoken. */
function plainAnswer(error: AdminError): string {
  const { status, body } = errorAnswer(error, BODY_LIMIT)!;
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `${ADMIN_HEADER}: ${API_VERSION}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(text)}`,
    'connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${text}`;
}

function operationOf({ routeOptions }: FastifyRequest): Route | null {
  return (routeOptions.config as { readonly operation?: Route }).operation ?? null;
}
