import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { eventually, freePort, type PluginTrial, type RulesSketch, rulesProblems, tryPlugin } from '@sluice/plugin-kit';
import opentelemetry from '../src/index.ts';
import { Collector, type ReceivedSpan } from './collector.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const SAMPLED = `00-${TRACE}-${PARENT}-01`;

async function started(
  t: TestContext,
  sketch: RulesSketch = {},
  { sample = '100%', more = 'every 50ms', threads = 0 } = {},
): Promise<{ trial: PluginTrial; collector: Collector }> {
  const collector = await Collector.start();
  const settings = `trace sample ${sample}; traces to opentelemetry "${collector.url}" service "edge" ${more}`;
  const trial = tryPlugin(opentelemetry, { ...sketch, settings }, { threads });
  t.after(async () => {
    await trial.stop();
    await collector.stop();
  });
  return { trial, collector };
}

/** traceOf resolves to the spans of a trace, the parent first, once that has come. */
async function traceOf(collector: Collector, path: string): Promise<[ReceivedSpan, ...ReceivedSpan[]]> {
  const own = await collector.until((spans) => spans.find(({ attributes }) => attributes['url.path'] === path));
  return [own, ...collector.spans.filter(({ parentSpanId }) => parentSpanId === own.spanId)];
}

async function serverOf(t: TestContext, answer: RequestListener): Promise<number> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

test('a request is a span of the server kind, with a child for each phase', async (t) => {
  const { trial, collector } = await started(t);
  const headers = { traceparent: SAMPLED, tracestate: 'a=1', 'user-agent': 'curl/8.0' };
  const before = Date.now();
  await trial.request('GET http://Example.com/first?token=secret', { headers });
  const after = Date.now();
  const [own, ...phases] = await traceOf(collector, '/first');
  const [server] = await trial.servers();
  const { port } = new URL(`http://${server!.address}`);
  const { port: bound } = (await trial.address()) as { port: number };

  const { attributes } = own;
  assert.deepEqual(
    [own.name, own.kind, own.service, own.traceId, own.parentSpanId, own.traceState],
    ['GET', 2, 'edge', TRACE, PARENT, 'a=1'],
  );
  assert.equal(server!.last.headers.traceparent, `00-${TRACE}-${own.spanId}-01`);
  assert.deepEqual(attributes, {
    'http.request.method': 'GET',
    'network.protocol.version': '1.1',
    'url.scheme': 'http',
    'url.path': '/first',
    'server.address': 'example.com',
    'server.port': bound,
    'client.address': '127.0.0.1',
    'user_agent.original': 'curl/8.0',
    'http.response.status_code': 200,
    'sluice.listener': 'web',
    'sluice.rule': attributes['sluice.rule'],
    'sluice.backend': 'app',
    'sluice.server': 'one',
  });
  assert.match(String(attributes['sluice.rule']), /:\d+:\d+$/);
  assert.deepEqual([own.status, own.message], [0, '']);
  assert.ok(own.startMs >= before - 50 && own.endMs <= after + 50, 'its times are those of the wall clock');

  assert.deepEqual(
    phases.map(({ name, kind, traceId }) => [name, kind, traceId]),
    [
      ['connect', 1, TRACE],
      ['wait', 1, TRACE],
      ['response', 1, TRACE],
    ],
  );
  let at = own.startMs - 0.01;
  for (const phase of phases) {
    assert.ok(phase.startMs >= at && phase.endMs >= phase.startMs, 'phases follow each other');
    assert.deepEqual(phase.attributes, {
      'sluice.backend': 'app',
      'sluice.server': 'one',
      'network.peer.address': '127.0.0.1',
      'network.peer.port': Number(port),
    });
    at = phase.endMs - 0.01;
  }
  assert.ok(own.endMs >= at);
  const ids = new Set([own, ...phases].map(({ spanId }) => spanId));
  assert.equal(ids.size, 4);
  assert.doesNotMatch(JSON.stringify(collector.spans), /secret/);
  assert.deepEqual(
    [collector.requests[0]!.path, collector.requests[0]!.headers.authorization],
    ['/v1/traces', undefined],
  );
});

test('a connection that is used again needs no phase to connect, and a wait for room is one', async (t) => {
  const waiting: (() => void)[] = [];
  const port = await serverOf(t, (request, response) => {
    if (request.url === '/slow') waiting.push(() => response.end());
    else response.end();
  });
  const backend = `server only 127.0.0.1:${port} max 1`;
  const { trial, collector } = await started(t, { servers: 0, backend });
  const slow = trial.request('GET /slow');
  await eventually('the slow request', () => waiting.length === 1);
  const queued = trial.request('GET /queued');
  await eventually('the queue', async () => (await trial.start()).stats().backends[0]!.waiting === 1);
  waiting[0]!();
  await Promise.all([slow, queued]);
  const [own, ...phases] = await traceOf(collector, '/queued');
  assert.deepEqual(
    phases.map(({ name }) => name),
    ['queue', 'wait', 'response'],
  );
  assert.deepEqual(phases[0]!.attributes, { 'sluice.backend': 'app' });
  assert.ok(phases[0]!.endMs - phases[0]!.startMs > 0);
  assert.equal(own.attributes['sluice.server'], 'only');
});

test('an attempt that fails is a phase with its error, and the next one follows', async (t) => {
  const port = await serverOf(t, (_, response) => response.end('here'));
  const dead = await freePort();
  const backend = `server dead 127.0.0.1:${dead}\nserver live 127.0.0.1:${port} backup\nretry 1 on connect-failure`;
  const { trial, collector } = await started(t, { servers: 0, backend });
  assert.equal((await trial.request('GET /again')).status, 200);
  const [own, ...phases] = await traceOf(collector, '/again');
  assert.deepEqual(
    phases.map(({ name, attributes, status }) => [name, attributes['sluice.server'], status]),
    [
      ['connect', 'dead', 2],
      ['connect', 'live', 0],
      ['wait', 'live', 0],
      ['response', 'live', 0],
    ],
  );
  assert.equal(phases[0]!.attributes['error.type'], 'no connection');
  assert.deepEqual([own.attributes['sluice.retries'], own.status], [1, 0]);
});

test('what the gateway answers by itself is traced, too: 500 and more is an error, less is not', async (t) => {
  const backend = `server dead 127.0.0.1:${await freePort()}`;
  const { trial, collector } = await started(t, { servers: 0, backend, listener: 'deny path under /denied' });
  await trial.request('GET /denied');
  await trial.request('GET /failed');
  const [denied, ...none] = await traceOf(collector, '/denied');
  assert.deepEqual([denied.attributes['http.response.status_code'], denied.status, none], [403, 0, []]);
  assert.match(String(denied.attributes['sluice.rule']), /:\d+:\d+$/);
  assert.equal(denied.attributes['sluice.backend'], undefined);
  const [failed] = await traceOf(collector, '/failed');
  assert.deepEqual(
    [failed.attributes['http.response.status_code'], failed.attributes['error.type'], failed.status],
    [503, '503', 2],
  );
});

test('a head that cannot be read begins a trace of its own', async (t) => {
  const { trial, collector } = await started(t);
  assert.equal((await trial.request('GET /bad%2fpath', { headers: { traceparent: SAMPLED } })).status, 400);
  const [own] = await collector.until((spans) => spans.length > 0 && spans);
  assert.notEqual(own!.traceId, TRACE);
  assert.deepEqual([own!.attributes['http.response.status_code'], own!.parentSpanId], [400, '']);
});

test('only sampled requests are sent: the sender has decided, or chance does', async (t) => {
  const { trial, collector } = await started(t, {}, { sample: '0%' });
  await trial.request('GET /none');
  await trial.request('GET /no', { headers: { traceparent: SAMPLED.replace(/01$/, '00') } });
  await trial.request('GET /yes', { headers: { traceparent: SAMPLED } });
  await traceOf(collector, '/yes');
  const paths = collector.spans.flatMap(({ attributes }) => attributes['url.path'] ?? []);
  assert.deepEqual(paths, ['/yes']);
});

test('a method of the client’s own is no name of a span', async (t) => {
  const { trial, collector } = await started(t, { listener: 'methods any' });
  await trial.request('BREW /pot');
  const [own] = await traceOf(collector, '/pot');
  assert.deepEqual(
    [own.name, own.attributes['http.request.method'], own.attributes['http.request.method_original']],
    ['HTTP', '_OTHER', 'BREW'],
  );
});

test('what waits is sent when the gateway stops, by every thread', async (t) => {
  const { trial, collector } = await started(t, {}, { more: 'every 60s', threads: 2 });
  const paths = Array.from({ length: 12 }, (_, index) => `/${index}`);
  await Promise.all(paths.map((path) => trial.request(`GET ${path}`)));
  assert.deepEqual(collector.spans, []);
  await trial.stop();
  const seen = collector.spans.flatMap(({ attributes }) => attributes['url.path'] ?? []);
  assert.deepEqual(seen.sort(), paths.sort());
});

test('a reload that changes nothing of it keeps what waits, and one that does sends it', async (t) => {
  const collector = await Collector.start();
  const other = await Collector.start();
  const rules = ({ url }: Collector, more = '') => `listener web on 127.0.0.1:0 { ${more}; otherwise deny 404 }
    settings { trace sample 100%; traces to opentelemetry "${url}" every 60s }`;
  const trial = tryPlugin(opentelemetry, rules(collector));
  t.after(async () => {
    await trial.stop();
    await Promise.all([collector.stop(), other.stop()]);
  });
  const gateway = await trial.start();
  await trial.request('GET /before');
  await gateway.reload({ rules: rules(collector, 'deny path under /x') });
  await trial.request('GET /between');
  assert.deepEqual(collector.requests, []);
  await gateway.reload({ rules: rules(other) });
  await traceOf(collector, '/before');
  await traceOf(collector, '/between');
  assert.equal(collector.requests.length, 1, 'as one batch');
  await trial.request('GET /after');
  await trial.stop();
  await traceOf(other, '/after');
});

test('a collector that is away costs one warning and no request, and is told of when it is back', async (t) => {
  const { trial, collector } = await started(t);
  await collector.stop();
  await trial.start();
  for (let index = 0; index < 3; index++) assert.equal((await trial.request(`GET /lost${index}`)).status, 200);
  const warning = await trial.logged(/^traces cannot be sent to /);
  assert.match(warning.msg, /^traces cannot be sent to http:\/\/127\.0\.0\.1:\d+\/v1\/traces: ECONNREFUSED\. /);
  assert.equal((await trial.request('GET /still')).status, 200);
  await collector.listen();
  let count = 0;
  await eventually('a span after the collector is back', async () => {
    await trial.request(`GET /back${count++}`);
    return collector.spans.length > 0;
  });
  await trial.logged(/^traces are sent again; \d+ requests? were not traced$/);
  assert.equal(trial.log.filter(({ msg }) => msg.startsWith('traces cannot be sent')).length, 1);
});

test('a collector that refuses spans costs one warning, with its status', async (t) => {
  const { trial, collector } = await started(t);
  collector.answer = (response) => response.writeHead(403).end('secret words');
  await trial.request('GET /refused');
  const { msg } = await trial.logged(/^traces cannot be sent to /);
  assert.match(msg, /: the collector answered with status 403\. /);
  assert.doesNotMatch(JSON.stringify(trial.log), /secret words/);
  assert.equal((await trial.request('GET /after')).status, 200);
});

test('a collector gets the value of Authorization from a secret', async (t) => {
  process.env.SLUICE_SECRET_OTLP = 'Bearer correct-horse';
  t.after(() => delete process.env.SLUICE_SECRET_OTLP);
  const { trial, collector } = await started(t, {}, { more: 'authorization secret "otlp" every 50ms' });
  await trial.request('GET /secret');
  await traceOf(collector, '/secret');
  assert.equal(collector.requests[0]!.headers.authorization, 'Bearer correct-horse');
  assert.doesNotMatch(JSON.stringify(trial.log), /correct-horse/);
});

const withSettings = (lines: string) => `listener web on 127.0.0.1:0 { otherwise deny 404 }\nsettings { ${lines} }`;

for (const [line, code] of [
  ['"localhost"', 'SP1301'],
  ['"grpc://127.0.0.1:4317"', 'SP1302'],
  ['"http://me:word@127.0.0.1:4318"', 'SP1303'],
  ['secret "url"', 'SP1304'],
  ['"http://127.0.0.1:4318" service secret "url"', 'SP1304'],
  ['"http://127.0.0.1:4318" authorization "Bearer open"', 'SP1305'],
  ['"http://127.0.0.1:4318" every 1ms', 'SL0616'],
  ['"http://127.0.0.1:4318" queue at most 0', 'SL0616'],
] as const) {
  test(`traces to opentelemetry ${line} is refused: ${code}`, async (t) => {
    process.env.SLUICE_SECRET_URL = 'http://127.0.0.1:4318';
    t.after(() => delete process.env.SLUICE_SECRET_URL);
    const problems = await rulesProblems(
      opentelemetry,
      withSettings(`trace sample 1%; traces to opentelemetry ${line}`),
    );
    assert.deepEqual(
      problems.map((problem) => problem.code),
      [code],
    );
  });
}

test('without `trace`, there is nothing to send', async () => {
  const settings = 'traces to opentelemetry "http://127.0.0.1:4318"';
  const [problem] = await rulesProblems(opentelemetry, withSettings(settings));
  assert.deepEqual([problem!.code, problem!.message], ['SL0117', '`traces to` needs `trace`']);
});
