/**
 * Shares in front of real sockets: live traffic and explain put a client on the same side.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { answering, connectTo, ok, RawServer, startGateway } from '../kit/index.ts';

const named = (name: string) => RawServer.start(answering(() => ok(name)));
const [app, beta, canary] = await Promise.all([named('app'), named('beta'), named('canary')]);
const gateway = await startGateway(`
listener web on 127.0.0.1:0 {
  send 20% to canary by cookie sid when path under /api
  send 30% to beta by cookie sid when path under /api
  send 100% to beta by header X-User when header X-User present
  otherwise send to app
}
backend app of 127.0.0.1:${app.address.port}
backend beta of 127.0.0.1:${beta.address.port}
backend canary of 127.0.0.1:${canary.address.port}
`);
after(async () => {
  await gateway.stop();
  await Promise.all([app, beta, canary].map((server) => server.stop()));
});

test('requests of one row are split, the same way by live traffic and by explain', async () => {
  const client = await connectTo(gateway.address);
  const counts = new Map<string, number>();
  for (let sid = 0; sid < 300; sid++) {
    client.send(`GET /api HTTP/1.1\r\nHost: a\r\nCookie: sid=${sid}\r\n\r\n`);
    const backend = (await client.answer()).body.toString();
    counts.set(backend, (counts.get(backend) ?? 0) + 1);
    const { verdict } = await gateway.gateway.explain({
      request: 'GET http://a/api',
      headers: [`Cookie: sid=${sid}`],
      listener: 'web',
    });
    assert.deepEqual(verdict, { kind: 'send', backend });
  }
  client.destroy();
  const { canary: first = 0, beta: second = 0, app: rest = 0 } = Object.fromEntries(counts);
  assert.ok(
    first > 35 && first < 90 && second > 60 && second < 125 && rest > 110,
    JSON.stringify([first, second, rest]),
  );
});

test('requests outside all shares continue with the next route', async () => {
  const client = await connectTo(gateway.address);
  client.send('GET / HTTP/1.1\r\nHost: a\r\nX-User: u\r\n\r\n');
  assert.equal((await client.answer()).body.toString(), 'beta');
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.equal((await client.answer()).body.toString(), 'app');
  client.destroy();
});
