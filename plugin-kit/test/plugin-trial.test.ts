import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import roundRobin from '@sluice/round-robin';
import { eventually, FakeClock, FakeServer, rulesProblems, tryPlugin } from '../src/index.ts';
import { certify, makeKey } from '../src/tls/index.ts';
import plugin from './team-plugin.ts';

const RED = { headers: { 'x-team': 'red' } };

test('listener lines can be tried with one call', async () => {
  await using trial = tryPlugin(plugin, { listener: 'deny team is red\nturn away when path is /tea' });
  assert.equal((await trial.request('GET /', RED)).status, 403);
  assert.deepEqual(
    await trial.request('GET /').then(({ status, body }) => [status, body]),
    [200, 'one'],
    'the fake server answers with its name',
  );
  const { status, body } = await trial.request('GET /tea');
  assert.deepEqual([status, body], [418, 'no tea']);
});

test('servers of a sketch keep what they receive', async () => {
  await using trial = tryPlugin(plugin, { listener: 'name team in X-For' });
  const [one] = await trial.servers();
  assert.throws(() => one!.last, /server one has received no request/);
  await trial.request('POST /a?b=c', { ...RED, body: 'text' });
  const { method, url, headers, body } = one!.last;
  assert.deepEqual([method, url, headers['x-for'], body], ['POST', '/a?b=c', 'red', 'text']);
  assert.equal(headers.host, 'www.example.com');
});

test('a strategy, a stickiness and a service are tried with as many servers as are wanted', async () => {
  await using last = tryPlugin(plugin, { backend: 'balance last', servers: 3 });
  assert.equal((await last.request('GET /')).body, 'three');
  await using sticky = tryPlugin(plugin, { backend: 'stick by team', servers: 3 });
  const first = (await sticky.request('GET /', RED)).body;
  for (let again = 0; again < 3; again++) assert.equal((await sticky.request('GET /', RED)).body, first);
  await using served = tryPlugin(plugin, { backend: 'serve greeting', servers: 0 });
  assert.equal((await served.request('GET /a?b', RED)).body, 'hello red at /a?b');
});

test('a whole rule file has its own servers and listeners', async () => {
  await using app = await FakeServer.start('app', (_request, response) => response.writeHead(204).end());
  await using trial = tryPlugin(
    [plugin],
    `listener web on 127.0.0.1:0 { otherwise send to app }
     listener admin on 127.0.0.1:0 { otherwise deny 404 }
     backend app of ${app.address}`,
  );
  assert.equal((await trial.request('GET /')).status, 204);
  assert.equal((await trial.request('GET /', { listener: 'admin' })).status, 404);
  await assert.rejects(
    trial.request('GET /', { listener: 'none' }),
    /there is no listener `none`: there are web, admin/,
  );
  assert.equal(app.requests.length, 1);
});

test('a listener that terminates TLS is asked by an https URL', async (t) => {
  const { cert, key } = certify('site.test', makeKey());
  const folder = mkdtempSync(join(tmpdir(), 'sluice-kit-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(`${folder}/site.pem`, cert + key);
  await using trial = tryPlugin(plugin, { listener: `tls terminate cert "${folder}/site.pem"` });
  assert.equal((await trial.request('GET https://site.test/', { ca: cert })).status, 200);
  await assert.rejects(trial.request('GET https://other.test/', { ca: cert }), {
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  });
  assert.equal((await trial.request('GET https://other.test/')).status, 200, 'without `ca` any certificate will do');
});

test('explain and the log are there, from before the start on', async () => {
  await using trial = tryPlugin(plugin, { listener: 'deny team is red' });
  assert.equal((await trial.logged(/the team is here/)).plugin, 'team');
  const explained = await trial.explain({
    request: 'GET http://www.example.com/',
    headers: ['X-Team: red'],
    listener: 'web',
  });
  assert.equal(explained.verdict.kind, 'answer');
  await trial.request('GET /');
  assert.ok(trial.log.some(({ msg }) => /listener web is on/.test(msg)));
  const gateway = await trial.start();
  assert.equal(gateway.stats().listeners[0]!.counters.requests, 1);
});

test('a plugin under test replaces the standard one of its name', async () => {
  await using trial = tryPlugin(roundRobin, { backend: 'balance round-robin', servers: 2 });
  const bodies = [(await trial.request('GET /')).body, (await trial.request('GET /')).body];
  assert.deepEqual(bodies.sort(), ['one', 'two']);
});

test('rules that are refused reject with the gateway’s own error, and leave nothing open', async () => {
  const trial = tryPlugin(plugin, { listener: 'deny taem is red' });
  await assert.rejects(trial.request('GET /'), { code: 'SG0201', message: /Did you mean `team`/ });
  await trial.stop();
});

test('a gateway that is stopped has closed its ports', async () => {
  const trial = tryPlugin(plugin, {});
  const { port } = (await trial.address()) as { port: number };
  const [server] = await trial.servers();
  await trial.stop();
  for (const closed of [port, server!.port]) {
    await assert.rejects(
      new Promise((resolve, reject) => connect(closed, '127.0.0.1').on('connect', resolve).on('error', reject)),
      { code: 'ECONNREFUSED' },
    );
  }
  await trial.stop();
  await assert.rejects(trial.request('GET /'), /this trial was stopped: make another one/);
});

test('an invalid request is refused with an example', async () => {
  await using trial = tryPlugin(plugin, {});
  await assert.rejects(trial.request('/path'), /`\/path` is not a request: write `GET \/path`/);
});

test('problems of rules come back as the checker has them', async () => {
  const rules = (line: string) => `listener web on 127.0.0.1:0 { ${line}; otherwise deny }`;
  assert.deepEqual(await rulesProblems(plugin, rules('deny team is red')), []);
  const [problem] = await rulesProblems(plugin, rules('deny team over 3'));
  assert.equal(problem!.severity, 'error');
  assert.match(problem!.code, /^SL\d{4}$/);
  await assert.rejects(rulesProblems({ ...plugin, name: 'Team' }, rules('deny all')), { code: 'SG0105' });
});

test('a trial runs on data threads if it is asked to', async () => {
  await using trial = tryPlugin(plugin, { listener: 'deny team is red' }, { threads: 2 });
  assert.equal((await trial.request('GET /', RED)).status, 403);
  assert.equal((await trial.start()).stats().threads.length, 2);
});

test('a fake clock moves the intervals of health checks', async () => {
  const timers = new FakeClock();
  await using trial = tryPlugin(plugin, { backend: 'check open every 10s' }, { timers });
  const gateway = await trial.start();
  const probes = () => gateway.server('app/one').history[0]?.count ?? 0;
  await eventually('the first probe', async () => {
    await timers.advance(100);
    return probes() === 1;
  });
  await timers.advance(5000);
  assert.equal(probes(), 1);
  await eventually('the second probe', async () => {
    await timers.advance(1000);
    return probes() > 1;
  });
});
