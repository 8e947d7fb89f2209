/**
 * Limits in front of real sockets, on the caller's loop and over several threads.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { answering, connectTo, fieldOf, ok, RawServer, startGateway } from '../kit/index.ts';

const app = await RawServer.start(answering(() => ok('app')));
after(() => app.stop());

const rules = (lines: string) => `
listener web on 127.0.0.1:0 {
  ${lines}
  otherwise send to app
}
backend app of 127.0.0.1:${app.address.port}
`;

type Running = Awaited<ReturnType<typeof startGateway>>;

async function ask({ address }: Running, target: string, ...fields: string[]) {
  const client = await connectTo(address);
  client.send(`GET ${target} HTTP/1.1\r\n${['Host: a', ...fields].map((field) => `${field}\r\n`).join('')}\r\n`);
  const answer = await client.answer();
  client.destroy();
  return answer;
}

describe('a limit', () => {
  let gateway: Running;
  before(async () => {
    gateway = await startGateway(
      rules(`
        deny path is /denied
        limit 1/h burst 3 per ip when path under /ip
        limit 1/h per header X-Key when path under /key
        limit 1/h per cookie sid when path under /sid
        limit 1/h burst 2 per path when path under /each
        limit 1/h burst 1 per global when path is /once
        deny path is /behind
      `),
    );
  });
  after(() => gateway.stop());
  const statuses = async (...targets: string[]) => {
    const seen: number[] = [];
    for (const target of targets) seen.push((await ask(gateway, target)).status);
    return seen;
  };

  test('allows the burst, then answers 429 with Retry-After', async () => {
    assert.deepEqual(await statuses('/ip', '/ip/2', '/ip'), [200, 200, 200]);
    const refused = await ask(gateway, '/ip');
    assert.equal(refused.status, 429);
    const retryAfter = Number(fieldOf(refused, 'retry-after'));
    assert.ok(retryAfter > 3500 && retryAfter <= 3600, `${retryAfter}`);
    assert.deepEqual(await statuses('/', '/denied', '/behind'), [200, 403, 403]);
  });

  test('counts values of a header apart, and requests without it by address', async () => {
    const status = async (...fields: string[]) => (await ask(gateway, '/key', ...fields)).status;
    assert.deepEqual([await status('X-Key: a'), await status('X-Key: b'), await status()], [200, 200, 200]);
    assert.deepEqual([await status('X-Key: a'), await status('X-Key: b'), await status()], [429, 429, 429]);
  });

  test('counts cookies and paths apart', async () => {
    const status = async (cookie: string) => (await ask(gateway, '/sid', `Cookie: x=1; sid=${cookie}`)).status;
    assert.deepEqual([await status('a'), await status('b'), await status('a')], [200, 200, 429]);
    assert.deepEqual(await statuses('/each/1', '/each/1', '/each/1', '/each/2'), [200, 200, 429, 200]);
  });

  test('is counted, explained without being used up, and kept over a reload', async () => {
    const explain = async () => {
      const { verdict, guards } = await gateway.gateway.explain({ request: 'GET http://a/once', listener: 'web' });
      return `${verdict.kind} ${guards.at(-2)?.outcome}`;
    };
    assert.equal(await explain(), 'send passed');
    assert.equal(await explain(), 'send passed');
    const before = gateway.gateway.stats().listeners[0]!.counters.limited;
    assert.deepEqual(await statuses('/once', '/once'), [200, 429]);
    assert.equal(gateway.gateway.stats().listeners[0]!.counters.limited, before + 1);
    const { verdict, by } = await gateway.gateway.explain({ request: 'GET http://a/once', listener: 'web' });
    assert.equal(verdict.kind === 'answer' && verdict.status, 429);
    assert.match(by!.text, /^limit 1\/h burst 1 per global/);
    await gateway.gateway.reload();
    assert.deepEqual(await statuses('/once'), [429]);
  });
});

test('threads count together: of many clients at once the burst passes, and not one more', async () => {
  const gateway = await startGateway(rules('limit 1/h burst 20 per global'), 3);
  try {
    const answers = await Promise.all(Array.from({ length: 60 }, () => ask(gateway, '/')));
    assert.equal(answers.filter(({ status }) => status === 200).length, 20);
    assert.equal(answers.filter(({ status }) => status === 429).length, 40);
  } finally {
    await gateway.stop();
  }
});
