/**
 * OpenApiText: the admin API's documents as text: for machines, and for people. A test holds the committed ones to them.
 */
import { ADMIN_ERRORS } from '../src/admin/admin-errors.ts';
import { EVENTS } from '../src/admin/event-streams.ts';
import { openApiDocument } from '../src/admin/openapi.ts';
import type { Route } from '../src/admin/route.ts';
import { ROUTES } from '../src/admin/routes.ts';
import type { JsonSchema } from '../src/admin/schema.ts';

export function openApiText(): string {
  return `${JSON.stringify(openApiDocument(), null, 2)}\n`;
}

export function referenceText(): string {
  const rows = ROUTES.map(
    ({ method, path, doc, role, isOpen }) => `| \`${method} ${path}\` | ${isOpen === true ? '' : role} | ${doc} |`,
  );
  return `# The admin API, route by route

Made of the routes themselves, as [openapi.json](openapi.json) is, which the API serves at \`/openapi.json\`. How to use it:
[admin.md](admin.md).

| route | role | does |
|---|---|---|
${rows.join('\n')}
| \`GET /v1/events\` | read | What happens from now on, as server-sent events: ${EVENTS.map((name) => `\`${name}\``).join(', ')}. |
| \`GET /openapi.json\` | read | The OpenAPI document. |

## What the routes take

${ROUTES.filter(({ body, query }) => body !== undefined || query !== undefined)
  .map(inputs)
  .join('\n\n')}

## Refusals

Every refusal is \`{ "error": { "code", "message" } }\`, with \`diagnostics\` for rules that are not right. Codes that begin with SG are the
gateway's own: 404 for a server that is not there (SG0502), 409 while it is not running (SG0501), 400 for a value (SG0503 to SG0508), 422
for rules that it does not take.

| code | status | message |
|---|---|---|
${Object.entries(ADMIN_ERRORS)
  .map(([code, [status, message]]) => `| ${code} | ${status} | ${message.replaceAll('|', '\\|')} |`)
  .join('\n')}
`;
}

function inputs({ method, path, body, query }: Route): string {
  const properties = (body?.properties ?? query ?? {}) as Readonly<Record<string, JsonSchema>>;
  const rows = Object.entries(properties).map(
    ([name, schema]) => `| \`${name}\` | ${typeOf(schema)} | ${schema.description ?? ''} |`,
  );
  const what = body === undefined ? 'query' : 'body';
  if (rows.length === 0) return `\`${method} ${path}\` takes the body \`{}\`.`;
  return `\`${method} ${path}\`, ${what}:\n\n| name | value | |\n|---|---|---|\n${rows.join('\n')}`;
}

function typeOf(schema: JsonSchema): string {
  if (schema.enum !== undefined) return (schema.enum as readonly string[]).map((value) => `\`${value}\``).join(', ');
  if (schema.pattern !== undefined && /ms\|s/.test(String(schema.pattern))) return 'a time, such as `10m`';
  const { minimum, maximum } = schema;
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  if (schema.type === 'array') return `a list of ${typeOf(schema.items as JsonSchema)}`;
  if (schema.type === 'boolean') return '`true` or `false`';
  return 'a text';
}
