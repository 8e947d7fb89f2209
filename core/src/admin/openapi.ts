/**
 * OpenApi: the document that describes the admin API, made of its routes. Main thread.
 */
import { ADMIN_ERRORS } from './admin-errors.ts';
import { EVENTS } from './event-streams.ts';
import { isMediaType } from './operations.ts';
import type { Route } from './route.ts';
import { ROUTES } from './routes.ts';
import type { JsonSchema } from './schema.ts';
import { ERROR, paramSchema } from './schemas.ts';
import { VERSION } from './version.ts';

/** openApiDocument is OpenAPI 3.1. */
export function openApiDocument(): object {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of ROUTES) {
    paths[route.path] ??= {};
    paths[route.path]![route.method.toLowerCase()] = operation(route);
  }
  paths['/v1/events'] = { get: events() };
  paths['/openapi.json'] = {
    get: {
      operationId: 'getOpenApi',
      summary: 'This document.',
      responses: {
        200: { description: 'OpenAPI 3.1', content: { 'application/json': { schema: { type: 'object' } } } },
      },
    },
  };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sluice admin API',
      version: VERSION,
      description: `Errors have a stable code: ${Object.entries(ADMIN_ERRORS)
        .map(([code, [status, message]]) => `${code} (${status}) ${message}`)
        .join('; ')}. Codes that begin with SG are the gateway's own.`,
    },
    security: [{}, { token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      responses: {
        Refused: { description: 'Refused', content: { 'application/json': { schema: ERROR } } },
      },
    },
  };
}

function operation(route: Route): object {
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  const parameters = [
    ...names.map((name) => ({ name, in: 'path', required: true, schema: paramSchema(name) })),
    ...Object.entries(route.query ?? {}).map(([name, schema]) => ({ name, in: 'query', required: false, schema })),
  ];
  if (route.needsTag === true) {
    parameters.push({ name: 'If-Match', in: 'header', required: true, schema: { type: 'string' } });
  }
  const { answer } = route;
  const media = isMediaType(answer) ? answer.mediaType : 'application/json';
  const schema: JsonSchema = isMediaType(answer) ? { type: 'string' } : answer;
  const refused = { $ref: '#/components/responses/Refused' };
  const refusals = Object.keys(route.refusals ?? {}).map((status) => [status, refused]);
  return {
    operationId: route.id,
    summary: route.doc,
    ...(route.isOpen === true ? { security: [] } : { 'x-role': route.role }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: route.body } } } }),
    responses: {
      200: { description: 'Done', content: { [media]: { schema } } },
      ...Object.fromEntries(refusals),
      default: refused,
    },
  };
}

function events(): object {
  return {
    operationId: 'streamEvents',
    summary: `What happens from now on, as server-sent events: ${EVENTS.join(', ')}. Each has an id, a name and JSON.`,
    responses: {
      200: {
        description: 'A stream that does not end',
        content: { 'text/event-stream': { schema: { type: 'string' } } },
      },
      default: { $ref: '#/components/responses/Refused' },
    },
  };
}
