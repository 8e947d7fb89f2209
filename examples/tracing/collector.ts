/**
 * A collector in a few lines: it takes OTLP as JSON, and prints each span with its time. For looking at what a gateway sends; real ones store
 * spans and show them.
 */
import { createServer, type Server } from 'node:http';
import { pathToFileURL } from 'node:url';

/** startCollector listens on 127.0.0.1 and calls `print` with a line for each span. Resolves to the server. */
export function startCollector(port: number, print: (line: string) => void): Promise<Server> {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request.setEncoding('utf8')) body += piece;
    response.setHeader('Content-Type', 'application/json').end('{}');
    for (const { scopeSpans } of JSON.parse(body).resourceSpans) {
      for (const { spans } of scopeSpans) for (const span of spans) print(lineOf(span));
    }
  });
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)));
}

interface Span {
  readonly traceId: string;
  readonly name: string;
  /** 2: of a server. */
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly {
    readonly key: string;
    readonly value: { readonly stringValue?: string; readonly intValue?: number };
  }[];
}

function lineOf({ traceId, name, kind, startTimeUnixNano, endTimeUnixNano, attributes }: Span): string {
  const ms = Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e6;
  const value = (key: string) => attributes.find((each) => each.key === key)?.value ?? {};
  const what = kind === 2 ? `${name} ${value('url.path').stringValue}` : `  ${name}`;
  const status = value('http.response.status_code').intValue;
  return `${traceId} ${what}${status === undefined ? '' : ` ${status}`} ${ms.toFixed(1)} ms`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await startCollector(4318, console.log);
}
