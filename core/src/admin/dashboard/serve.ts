/**
 * Serve: answers a browser that asks for the dashboard. Main thread; imported when one does.
 *
 * Anybody who reaches the admin API gets these files: there is nothing about the gateway in them. What they show comes from the API,
 * with the token that the user enters.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Dashboard, etagOf, readDashboard } from './files.ts';

const HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // Kept by browsers, and asked about each time, so that a gateway that was updated is never shown by old pages.
  'cache-control': 'no-cache',
};

let read: Promise<Dashboard> | null = null;

/** serveDashboard answers `/` or one of the files below `/dashboard/`; false: there is no such file. */
export async function serveDashboard(request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
  read ??= readDashboard();
  const { page, files } = await read.catch((thrown) => {
    read = null;
    throw thrown;
  });
  const [path] = request.url.split('?') as [string];
  if (path === '/') {
    void reply.header('content-security-policy', page.policy);
    send(request, reply, { contentType: 'text/html; charset=utf-8', body: page.body, etag: etagOf(page.body) });
    return true;
  }
  const file = files.get(path);
  if (file === undefined) return false;
  send(request, reply, file);
  return true;
}

function send(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  { contentType, body, etag }: { readonly contentType: string; readonly body: Buffer; readonly etag: string },
): void {
  void reply.headers(HEADERS).header('etag', etag);
  const known = (headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known.includes(etag)) void reply.code(304).send();
  else void reply.header('content-type', contentType).send(body);
}
