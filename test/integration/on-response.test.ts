/**
 * Changes of answers in front of real sockets: those of servers and the gateway's own.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { answering, connectTo, fieldOf, fieldsOf, ok, RawServer, startGateway } from '../kit/index.ts';

/** The server answers with the status that the path names. */
const app = await RawServer.start(
  answering(({ target, method }) => {
    const status = Number(/\d{3}/.exec(target)?.[0] ?? 200);
    const length = method === 'HEAD' || status === 204 || status === 304 ? '' : 'Content-Length: 2\r\n';
    const body = length === '' ? '' : 'ok';
    if (status === 200) return ok('ok', 'Server: app/1', 'X-Cache: HIT', 'Set-Cookie: a=1', 'Via: x, y');
    return `HTTP/1.1 ${status} Any\r\nServer: app/1\r\nX-Cache: MISS\r\n${length}\r\n${body}`;
  }),
);
const BROKEN = new URL('fixtures/broken-word.js', import.meta.url).pathname;
const gateway = await startGateway(`
use broken from "${BROKEN}"
define fromElsewhere = header Origin present

listener web on 127.0.0.1:0 {
  deny path is /denied
  redirect to "https://example.com/" when path is /moved
  otherwise send to app

  on response {
    set header Strict-Transport-Security to "max-age=31536000"
    remove header Server
    set header X-Problem to "yes" when status 500..599
    set header X-Group to "known" when status 404, 410..412
    add header X-Seen to "{host}{path}" when path under /seen
    set header X-From-Cache to "yes" when header X-Cache is HIT
    set header X-Allow to "{header.origin}" when fromElsewhere
    add header Vary to "Origin" when fromElsewhere
    set cookie seen to "a b;c" max age 1h same site none http only when path is /cookie
    remove header Content-Type when status 403
    set header X-Via-Y to "yes" when list header Via is y
    set header X-Never to "1" when broken yes and path is /broken
  }
}
backend app of 127.0.0.1:${app.address.port}
`);
after(async () => {
  await gateway.stop();
  await app.stop();
});

async function ask(target: string, method = 'GET', ...fields: string[]) {
  const client = await connectTo(gateway.address);
  const lines = ['Host: a.example', ...fields].map((field) => `${field}\r\n`).join('');
  client.send(`${method} ${target} HTTP/1.1\r\n${lines}\r\n`);
  const answer = await client.answer({ to: method });
  client.destroy();
  return answer;
}

describe('an answer of a server', () => {
  test('has its fields set and removed, and keeps the others', async () => {
    const answer = await ask('/');
    assert.equal(fieldOf(answer, 'strict-transport-security'), 'max-age=31536000');
    assert.equal(fieldOf(answer, 'server'), undefined);
    assert.equal(fieldOf(answer, 'via'), 'x, y');
    assert.deepEqual(fieldsOf(answer, 'set-cookie'), ['a=1']);
    assert.equal(answer.body.toString(), 'ok');
  });

  for (const [target, problem, group] of [
    ['/499', undefined, undefined],
    ['/500', 'yes', undefined],
    ['/599', 'yes', undefined],
    ['/404', undefined, 'known'],
    ['/412', undefined, 'known'],
    ['/413', undefined, undefined],
    ['/204', undefined, undefined],
    ['/304', undefined, undefined],
  ] as const) {
    test(`conditions read its status: ${target}`, async () => {
      const answer = await ask(target);
      assert.deepEqual([fieldOf(answer, 'x-problem'), fieldOf(answer, 'x-group')], [problem, group]);
    });
  }

  test('header means the answer’s header, and definitions the request’s', async () => {
    assert.equal(fieldOf(await ask('/', 'GET', 'X-Cache: MISS'), 'x-from-cache'), 'yes');
    assert.equal(fieldOf(await ask('/500', 'GET', 'X-Cache: HIT'), 'x-from-cache'), undefined);
    const answer = await ask('/', 'GET', 'Origin: https://b.example');
    assert.deepEqual([fieldOf(answer, 'x-allow'), fieldOf(answer, 'vary')], ['https://b.example', 'Origin']);
    assert.equal(fieldOf(await ask('/'), 'x-allow'), undefined);
  });

  test('list header means the members of the answer’s header', async () => {
    assert.equal(fieldOf(await ask('/'), 'x-via-y'), 'yes');
    assert.equal(fieldOf(await ask('/500', 'GET', 'Via: x, y'), 'x-via-y'), undefined);
  });

  test('the request stays readable', async () => {
    assert.equal(fieldOf(await ask('/seen/1'), 'x-seen'), 'a.example/seen/1');
  });

  test('set cookie is added to the server’s own cookies, encoded, with its attributes', async () => {
    assert.deepEqual(fieldsOf(await ask('/cookie'), 'set-cookie'), [
      'a=1',
      'seen=a%20b%3Bc; Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=None',
    ]);
  });

  test('an answer to HEAD is changed too', async () => {
    assert.equal(fieldOf(await ask('/', 'HEAD'), 'strict-transport-security'), 'max-age=31536000');
  });
});

describe('an answer of the gateway itself', () => {
  test('is changed as well: guards, redirects, refusals', async () => {
    const denied = await ask('/denied');
    assert.equal(denied.status, 403);
    assert.equal(fieldOf(denied, 'strict-transport-security'), 'max-age=31536000');
    assert.equal(fieldOf(denied, 'content-type'), undefined);
    assert.ok(denied.body.length > 0);
    const moved = await ask('/moved');
    assert.deepEqual([moved.status, fieldOf(moved, 'strict-transport-security')], [302, 'max-age=31536000']);
    const bad = await ask('/a%2Fb');
    assert.deepEqual([bad.status, fieldOf(bad, 'strict-transport-security')], [400, 'max-age=31536000']);
  });
});

test('a rule that fails keeps the answer back: 500, and the next request is served', async () => {
  const client = await connectTo(gateway.address);
  client.send('GET /broken HTTP/1.1\r\nHost: a\r\n\r\n');
  const answer = await client.answer();
  assert.equal(answer.status, 500);
  assert.equal(fieldOf(answer, 'set-cookie'), undefined);
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.equal((await client.answer()).status, 200);
  client.destroy();
  assert.equal(gateway.gateway.stats().listeners[0]!.counters.pluginErrors, 1);
});

test('explain shows the rules for answers, for the answer that is assumed', async () => {
  const explain = (target: string, answer?: { status: number }) =>
    gateway.gateway.explain({ request: `GET http://a${target}`, listener: 'web', ...(answer ? { answer } : {}) });
  const good = await explain('/');
  assert.deepEqual(good.answer, { status: 200, isAssumed: true });
  assert.deepEqual(
    good.answerEdits.map(({ edit, name }) => `${edit} ${name}`),
    ['set Strict-Transport-Security', 'remove Server'],
  );
  const problem = (await explain('/', { status: 503 })).answerEdits;
  assert.ok(problem.some(({ name }) => name === 'X-Problem'));
  const denied = await explain('/denied');
  assert.deepEqual([denied.verdict.kind, denied.answer], ['answer', { status: 403, isAssumed: false }]);
  assert.ok(denied.answerEdits.some(({ name }) => name === 'Content-Type'));
  assert.equal((await explain('/broken')).verdict.kind, 'error');
});
