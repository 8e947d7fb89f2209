import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { test } from 'node:test';
import { startServer } from './server.ts';

async function get(url: string, method = 'GET'): Promise<{ status: number; body: string }> {
  const outgoing = request(url, { method, agent: false }).end();
  const [answer] = await once(outgoing, 'response');
  let body = '';
  for await (const chunk of answer.setEncoding('utf8')) body += chunk;
  return { status: answer.statusCode, body };
}

test('the app answers through its own gateway, and can ask it', async (t) => {
  const { url, gateway, stop } = await startServer(0);
  t.after(stop);

  const hello = await get(`${url}/`);
  assert.equal(hello.status, 200);
  assert.match(hello.body, /^hello 127\.0\.0\.1, your request is [0-9a-f]{32}\n$/);

  assert.equal((await get(`${url}/nowhere`)).status, 404);
  assert.equal((await get(`${url}/`, 'TRACE')).status >= 400, true);

  const stats = JSON.parse((await get(`${url}/internal/stats`)).body);
  assert.equal(stats[0].name, 'app');
  assert.ok(stats[0].servers[0].counters.requests >= 2);

  const explanation = await gateway.explain({ request: `GET ${url}/internal/stats from 198.51.100.7` });
  assert.deepEqual(explanation.verdict, { kind: 'answer', status: 404, headers: [] });
});

test('the process can exit after stop: nothing is left open', async () => {
  const { stop, gateway } = await startServer(0);
  await stop();
  assert.equal(gateway.state, 'stopped');
});
