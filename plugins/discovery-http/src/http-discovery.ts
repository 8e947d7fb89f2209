/**
 * HttpDiscovery: servers from an HTTP endpoint, asked with the ETag of its last answer. Main thread.
 *
 * Nothing of an answer is ever part of a message: it may hold what is nobody's business. Node's client is loaded with the first question: most gateways
 * ask none, and loading it takes time at every start.
 */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import type { Discovery, Finding } from '@sluice/core/plugin';
import { readJsonServers } from '@sluice/core/server-list';
import type { Args } from '@sluice/dsl/plan';
import { httpError } from './errors.ts';

const MOST_BYTES = 1024 * 1024;
const MOST_ETAG = 1024;

export const httpDiscovery: Discovery = {
  // The line's own `timeout` comes first.
  limitMs: 61_000,
  async find({ options, memory, signal }) {
    const timeoutMs = options.timeout as number;
    const own = AbortSignal.timeout(timeoutMs);
    try {
      return await ask(options, memory as string | undefined, AbortSignal.any([signal, own]));
    } catch (thrown) {
      if (own.aborted) throw httpError('SP0807', { limit: timeoutMs });
      throw thrown;
    }
  },
};

async function ask(options: Args, etag: string | undefined, signal: AbortSignal): Promise<Finding> {
  const againMs = options.every as number;
  const answer = await open(options, etag, signal);
  const { statusCode: status = 0, headers } = answer;
  try {
    if (status === 304 && etag !== undefined) return { servers: null, againMs };
    if (status >= 300 && status < 400) throw httpError('SP0808', { status });
    if (status !== 200) throw httpError('SP0809', { status });
    const coding = headers['content-encoding'] ?? 'identity';
    if (coding !== 'identity') throw httpError('SP0810', {});
    const servers = readJsonServers(await bodyOf(answer), { mayHavePaths: false });
    const tag = headers.etag;
    // What is kept is sent again: it must be one that can be.
    return { servers, againMs, memory: tag !== undefined && tag.length <= MOST_ETAG ? tag : undefined };
  } finally {
    answer.destroy();
  }
}

async function open(options: Args, etag: string | undefined, signal: AbortSignal): Promise<IncomingMessage> {
  const url = new URL(options.url as string);
  const ca = typeof options.ca === 'string' ? await readFile(options.ca) : undefined;
  const headers = {
    accept: 'application/json',
    'accept-encoding': 'identity',
    'user-agent': 'sluice',
    ...(etag === undefined ? {} : { 'if-none-match': etag }),
  };
  const client = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  return new Promise((resolve, reject) => {
    const request = client.request(url, { headers, signal, agent: false, ...(ca === undefined ? {} : { ca }) });
    request.on('response', resolve);
    request.on('error', (thrown: NodeJS.ErrnoException) => reject(httpError('SP0811', { reason: reasonOf(thrown) })));
    request.end();
  });
}

async function bodyOf(answer: IncomingMessage): Promise<string> {
  const declared = Number(answer.headers['content-length'] ?? 0);
  const chunks: Buffer[] = [];
  let bytes = declared;
  if (declared <= MOST_BYTES) {
    bytes = 0;
    try {
      for await (const chunk of answer as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > MOST_BYTES) break;
        chunks.push(chunk);
      }
    } catch (thrown) {
      throw httpError('SP0812', { reason: reasonOf(thrown as NodeJS.ErrnoException) });
    }
  }
  if (bytes > MOST_BYTES) throw httpError('SP0813', { most: MOST_BYTES });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw httpError('SP0814', {});
  }
}

/** Messages of the parser quote what was received, so only codes are passed on. */
function reasonOf({ code, name }: NodeJS.ErrnoException): string {
  return code ?? name;
}
