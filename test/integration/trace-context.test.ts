/**
 * W3C Trace Context through real sockets: what servers get of traces, over both wires of both sides.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders as Http1Headers, request as http1Request } from 'node:http';
import { connect, createServer as createHttp2Server, type IncomingHttpHeaders } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { answering, connectTo, fieldsOf, ok, RawServer, startGateway, temporaryFolder } from '../kit/index.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const INCOMING = `00-${TRACE}-${PARENT}-01`;
const CONTINUED = new RegExp(`^00-${TRACE}-(?!${PARENT})[0-9a-f]{16}-01$`);
const BEGUN = /^00-(?!0af7651916cd43dd)[0-9a-f]{32}-[0-9a-f]{16}-01$/;

/** Both servers answer with the fields that they got. */
const echo = (headers: Http1Headers | IncomingHttpHeaders): string => JSON.stringify(headers);
const http1 = createServer((request, response) => response.end(echo(request.headers))).listen(0, '127.0.0.1');
const http2 = createHttp2Server((request, response) => response.end(echo(request.headers))).listen(0, '127.0.0.1');
await Promise.all([once(http1, 'listening'), once(http2, 'listening')]);
const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;

const rulesWith = (trace: string): string => `
listener web on 127.0.0.1:0 {
  deny when path under /denied
  set header X-Trace to "{trace.id}"
  remove header tracestate when path under /removed
  set header traceparent to "mine" when path under /own
  send to modern when path under /http2
  otherwise send to plain
  on response {
    set header X-Trace-Id to "{trace.id}"
  }
}
backend plain of 127.0.0.1:${portOf(http1)}
backend modern of 127.0.0.1:${portOf(http2)} { protocol http2 }
settings { ${trace} }
`;
const traced = await startGateway(rulesWith('trace sample 100%'));
const untraced = await startGateway(rulesWith('drain 1s'));
const restarted = await startGateway(rulesWith('trace sample 100% ignore incoming'));
after(async () => {
  for (const { gateway } of [traced, untraced, restarted]) await gateway.stop({ deadline: 0 });
  http1.close();
  http1.closeAllConnections();
  http2.close();
});

type Seen = Readonly<Record<string, string | undefined>>;
type Fields = Readonly<Record<string, string | readonly string[]>>;

async function byHttp1(port: number, path: string, headers: Fields): Promise<{ status: number; seen: Seen }> {
  const asked = http1Request({ host: '127.0.0.1', port, path, agent: false, headers: headers as never }).end();
  const [response] = await once(asked, 'response');
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += chunk;
  return { status: response.statusCode, seen: response.statusCode === 200 ? JSON.parse(body) : response.headers };
}

async function byHttp2(port: number, path: string, headers: Fields): Promise<{ status: number; seen: Seen }> {
  const session = connect(`http://127.0.0.1:${port}`);
  const stream = session.request({ ':path': path, ...headers } as never);
  const [head] = await once(stream, 'response');
  let body = '';
  for await (const chunk of stream.setEncoding('utf8')) body += chunk;
  session.close();
  return { status: head[':status'], seen: head[':status'] === 200 ? JSON.parse(body) : head };
}

for (const [client, ask] of [
  ['HTTP/1.1', byHttp1],
  ['HTTP/2', byHttp2],
] as const) {
  for (const [server, path] of [
    ['HTTP/1.1', '/plain'],
    ['HTTP/2', '/http2'],
  ] as const) {
    describe(`from ${client} to ${server}`, () => {
      const port = traced.address.port;

      test('a trace continues', async () => {
        const { seen } = await ask(port, path, { traceparent: INCOMING, tracestate: 'a=1,b=2' });
        assert.match(seen.traceparent!, CONTINUED);
        assert.equal(seen.tracestate, 'a=1,b=2');
        assert.equal(seen['x-trace'], TRACE);
      });

      test('a trace begins where none came, and for each request another one', async () => {
        const [first, second] = [(await ask(port, path, {})).seen, (await ask(port, path, {})).seen];
        assert.match(first.traceparent!, BEGUN);
        assert.notEqual(first.traceparent!.slice(3, 35), second.traceparent!.slice(3, 35));
        assert.equal(first['x-trace'], first.traceparent!.slice(3, 35));
        assert.equal(first.tracestate, undefined);
      });

      test('an invalid one begins a new trace, without its state', async () => {
        const { seen } = await ask(port, path, { traceparent: `${INCOMING}-more`, tracestate: 'a=1' });
        assert.match(seen.traceparent!, BEGUN);
        assert.equal(seen.tracestate, undefined);
      });

      test('without tracing, what came is passed on as it is', async () => {
        const sent = { traceparent: `${INCOMING}-more`, tracestate: 'A=1,,' };
        const { seen } = await ask(untraced.address.port, path, sent);
        assert.deepEqual([seen.traceparent, seen.tracestate, seen['x-trace']], [sent.traceparent, sent.tracestate, '']);
        assert.equal((await ask(untraced.address.port, path, {})).seen.traceparent, undefined);
      });

      test('what came can be ignored', async () => {
        const { seen } = await ask(restarted.address.port, path, { traceparent: INCOMING, tracestate: 'a=1' });
        assert.match(seen.traceparent!, BEGUN);
        assert.equal(seen.tracestate, undefined);
      });
    });
  }
}

test('a request answered by the gateway itself is in the trace, too, and only rules reveal it to clients', async () => {
  const { status, seen } = await byHttp1(traced.address.port, '/denied', { traceparent: INCOMING });
  assert.equal(status, 403);
  assert.equal(seen.traceparent, undefined);
  assert.equal(seen['x-trace-id'], TRACE);
});

test('rules have the last word on the fields', async () => {
  const { port } = traced.address;
  const removed = (await byHttp1(port, '/removed', { traceparent: INCOMING, tracestate: 'a=1' })).seen;
  assert.match(removed.traceparent!, CONTINUED);
  assert.equal(removed.tracestate, undefined);
  const own = (await byHttp1(port, '/own', { traceparent: INCOMING, tracestate: 'a=1' })).seen;
  assert.deepEqual([own.traceparent, own.tracestate], ['mine', 'a=1']);
});

test('a server gets one traceparent, whatever came, and several tracestate fields as one list', async (t) => {
  const server = await RawServer.start(answering(() => ok()));
  t.after(() => server.stop());
  const rules = `listener web on 127.0.0.1:0 { otherwise send to app }
    backend app of 127.0.0.1:${server.address.port}
    settings { trace sample 100% }`;
  const gateway = await startGateway(rules);
  t.after(() => gateway.stop());
  const client = await connectTo(gateway.address);
  const two = `TraceParent: ${INCOMING}\r\nTRACEPARENT: ${INCOMING}\r\n`;
  client.send(`GET /two HTTP/1.1\r\nHost: a\r\n${two}tracestate: a=1\r\n\r\n`);
  await client.answer();
  const states = 'tracestate: a=1\r\nX-Between: 1\r\nTracestate: b=2\r\n';
  client.send(`GET /states HTTP/1.1\r\nHost: a\r\nTraceparent: ${INCOMING}\r\n${states}\r\n`);
  await client.answer();
  client.destroy();
  const [first, second] = server.requests();
  const [begun, ...others] = fieldsOf(first!, 'traceparent');
  assert.match(begun!, BEGUN);
  assert.deepEqual([others, fieldsOf(first!, 'tracestate')], [[], []]);
  assert.match(fieldsOf(second!, 'traceparent').join(), CONTINUED);
  assert.deepEqual(fieldsOf(second!, 'tracestate'), ['a=1,b=2']);
});

test('the access log has the ID of the trace, of requests that could not be read too', async (t) => {
  const log = join(temporaryFolder(), 'access.log');
  const gateway = await startGateway(`listener web on 127.0.0.1:0 { otherwise send to app }
    backend app of 127.0.0.1:${portOf(http1)}
    settings { trace sample 0%; log access json to "${log}" }`);
  t.after(() => gateway.stop());
  const { port } = gateway.address;
  const { seen } = await byHttp1(port, '/begun', {});
  await byHttp1(port, '/continued', { traceparent: INCOMING });
  assert.equal((await byHttp1(port, '/bad%2fpath', { traceparent: INCOMING })).status, 400);
  await gateway.stop();
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  const [begun, continued, unread] = lines.map((line) => JSON.parse(line).trace);
  assert.equal(begun, seen.traceparent!.slice(3, 35));
  assert.equal(continued, TRACE);
  assert.match(unread, /^[0-9a-f]{32}$/);
  assert.notEqual(unread, TRACE);
});
