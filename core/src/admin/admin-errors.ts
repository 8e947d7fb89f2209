/**
 * AdminErrors: everything that the admin API refuses by itself: code, HTTP status and template, in one place. Main thread.
 *
 * What the gateway refuses keeps its own SG code; its status is in the second table.
 */
import { type CoreErrorCode, GatewayError } from '../control/report/errors.ts';

export const ADMIN_ERRORS = {
  SA0101: [401, 'a token is needed: send `Authorization: Bearer TOKEN`'],
  SA0102: [401, 'the token is wrong'],
  SA0103: [
    403,
    'host `{host}` is not an address of this API: without a token only IP addresses and `localhost` may name it',
  ],
  SA0104: [403, 'requests from the page `{origin}` are not taken'],
  SA0105: [404, 'there is no `{method} {path}`: see /openapi.json'],
  SA0106: [400, '{problem}'],
  SA0107: [413, 'the body is longer than {limit} bytes'],
  SA0108: [415, 'the body is not JSON: send `Content-Type: application/json`'],
  SA0109: [503, 'there are {limit} event streams already'],
  SA0110: [500, 'internal error: the log says more'],
  SA0111: [404, 'there is no backend `{backend}`: there are {known}'],
  SA0113: [403, '`{name}` may {role}, and {method} {path} needs a token that may {needed}'],
  SA0114: [429, 'there were too many wrong tokens from this address: try again in {seconds} s'],
  SA0115: [403, 'requests that another site has a browser send are not taken (Sec-Fetch-Site: {site})'],
  SA0116: [428, 'say which rules are replaced: send the ETag of GET /v1/configuration as If-Match'],
  SA0117: [400, 'this address speaks TLS: use https:// (with `sluice ctl`: `--admin https://HOST:PORT`)'],
  SA0118: [
    401,
    'the client certificate of `{name}` has no role here: add `admin client certificate "{name}" may read`, or send a token',
  ],
  SA0119: [401, 'a client certificate or a token is needed: show a certificate, or send `Authorization: Bearer TOKEN`'],
  SA0112: [405, '{path} does not take {method}: it takes {allowed}'],
} as const satisfies Record<string, readonly [status: number, message: string]>;

export type AdminErrorCode = keyof typeof ADMIN_ERRORS;

/** What the gateway's own refusals are answered with; 422 for all others, which are rules that it does not take. */
const STATUSES: Partial<Record<CoreErrorCode, number>> = {
  SG0501: 409,
  SG0502: 404,
  SG0503: 400,
  SG0504: 400,
  SG0505: 400,
  SG0507: 400,
  SG0508: 400,
  SG0509: 404,
  SG0510: 404,
  SG0511: 400,
  SG0512: 404,
  SG0513: 404,
  SG0514: 400,
  SG0515: 409,
  SG0516: 404,
  SG0517: 404,
  SG0518: 400,
  SG0519: 404,
  SG0801: 409,
  SG0802: 422,
  SG0901: 412,
  SG0902: 409,
  SG0903: 409,
  SG0904: 409,
  SG0905: 404,
  SG0906: 409,
  SG0907: 507,
};

/** ErrorBody is the one shape of an error's answer. */
export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string; readonly diagnostics?: readonly unknown[] };
}

/** AdminError is thrown by a route to refuse a request. */
export class AdminError extends Error {
  override readonly name = 'AdminError';
  readonly code: AdminErrorCode;
  readonly status: number;

  constructor(code: AdminErrorCode, values: Readonly<Record<string, string | number>> = {}) {
    const [status, template] = ADMIN_ERRORS[code];
    super(template.replace(/\{(\w+)\}/g, (found, name: string) => String(values[name] ?? found)));
    this.code = code;
    this.status = status;
  }
}

/** errorAnswer is the status and body for anything that was thrown; null: it is a fault of ours. */
export function errorAnswer(thrown: unknown, bodyLimit: number): { status: number; body: ErrorBody } | null {
  if (thrown instanceof GatewayError) {
    const { code, message, diagnostics } = thrown;
    const more = diagnostics.length === 0 ? {} : { diagnostics };
    return { status: STATUSES[code] ?? 422, body: { error: { code, message, ...more } } };
  }
  const refused = thrown instanceof AdminError ? thrown : ofFramework(thrown, bodyLimit);
  if (refused === null) return null;
  return { status: refused.status, body: { error: { code: refused.code, message: refused.message } } };
}

/** What the framework found wrong before a route was asked. */
function ofFramework(thrown: unknown, limit: number): AdminError | null {
  const { code, statusCode, message, validation } = thrown as {
    readonly code?: string;
    readonly statusCode?: number;
    readonly message?: string;
    readonly validation?: unknown;
  };
  if (validation !== undefined) return new AdminError('SA0106', { problem: message ?? 'the request is not right' });
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new AdminError('SA0107', { limit });
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new AdminError('SA0108');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new AdminError('SA0106', { problem: `the request cannot be read: ${message ?? 'it is not JSON'}` });
  }
  return null;
}
