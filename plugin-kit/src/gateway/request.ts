/**
 * Request: one request to a gateway, on a connection of its own.
 */
import {
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions as Target,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { Address } from '@sluice/dsl/plan';

/** RequestOptions is what a request has besides its first line. */
export interface RequestOptions {
  /** Default: none but Host and Connection. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Default: none. */
  readonly body?: string | Buffer;
  /** The listener to send it to. Default: the only one, or `web`. */
  readonly listener?: string;
  /** For `https`: PEM certificates of the authorities to trust. Default: any certificate is accepted. */
  readonly ca?: string | Buffer;
  /** For `https`: the client's certificate and key, as PEM. Default: none. */
  readonly client?: { readonly cert: string; readonly key: string };
}

/** TrialResponse is a response, read to its end. */
export interface TrialResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const LINE = /^([A-Za-z]+) (?:(https?):\/\/([^/?]+))?(\/[^ ]*|\*)?$/;
const LIMIT_MS = 30_000;

/**
 * sendRequest sends `GET /path` or `GET https://www.example.com/path` to an address, whatever the name in the URL means elsewhere. The path
 * is sent as it is written. Rejects with the system's error when the connection is closed without a response, or after 30 s;
 * throws TypeError for a line that is no request.
 */
export function sendRequest(address: Address, line: string, options: RequestOptions = {}): Promise<TrialResponse> {
  const [, method, scheme = 'http', host = 'www.example.com', path = '/'] = LINE.exec(line) ?? [];
  if (method === undefined) {
    throw new TypeError(`\`${line}\` is not a request: write \`GET /path\` or \`GET https://www.example.com/path\``);
  }
  const { headers = {}, body, ca, client } = options;
  const name = host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  const target: Target = {
    ...('path' in address ? { socketPath: address.path } : { host: address.host, port: address.port }),
    method,
    path,
    agent: false,
    timeout: LIMIT_MS,
    headers: { host, ...headers },
  };
  const secured = {
    ...target,
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(ca === undefined ? { rejectUnauthorized: false } : { ca }),
    ...client,
  };
  return new Promise((resolve, reject) => {
    const sent = scheme === 'https' ? httpsRequest(secured) : httpRequest(target);
    sent.on('timeout', () => sent.destroy(new Error(`no response to \`${line}\` within ${LIMIT_MS / 1000} s`)));
    sent.on('error', reject);
    sent.on('response', (response) => readResponse(response).then(resolve, reject));
    sent.end(body);
  });
}

async function readResponse(response: IncomingMessage): Promise<TrialResponse> {
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece);
  return { status: response.statusCode!, headers: response.headers, body: Buffer.concat(pieces).toString() };
}
