/**
 * Changes of the request beside its fields, in front of real sockets: path, query, cookies.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { answering, connectTo, fieldOf, ok, RawServer, startGateway } from '../kit/index.ts';

/** The server answers with the target that it saw; its cookies come back in a field. */
const app = await RawServer.start(
  answering((request) => ok(request.target, `X-Cookie: ${fieldOf(request, 'cookie') ?? 'none'}`)),
);
const gateway = await startGateway(`
listener web on 127.0.0.1:0 {
  rewrite /v1 to /api/v1
  rewrite /api to /
  rewrite r"^/u/([0-9]+)" to "/users/$1"
  rewrite r"/([a-z]+)-([a-z]+)$" to "/$2/$1/$$"
  rewrite /byheader to "/h/{header.x-part}/end"
  rewrite /never to /gone when path under /api
  set query lang to "{header.x-lang}" when header X-Lang present
  remove query utm_source
  remove cookie tracking
  remove cookie ads
  send to other when path under /users
  otherwise send to app
}
backend app of 127.0.0.1:${app.address.port}
backend other of 127.0.0.1:1
`);
after(async () => {
  await gateway.stop();
  await app.stop();
});

async function ask(target: string, ...fields: string[]) {
  const client = await connectTo(gateway.address);
  const lines = ['Host: a', ...fields].map((field) => `${field}\r\n`).join('');
  client.send(`${target.includes(' ') ? target : `GET ${target}`} HTTP/1.1\r\n${lines}\r\n`);
  const answer = await client.answer();
  client.destroy();
  return answer;
}

const seen = async (target: string, ...fields: string[]) => (await ask(target, ...fields)).body.toString('latin1');

describe('rewrite', () => {
  const cases: readonly (readonly [name: string, target: string, seen: string])[] = [
    ['a later rewrite sees what an earlier one made', '/v1/x', '/v1/x'],
    ['a prefix is whole segments', '/v10/x', '/v10/x'],
    ['a prefix alone', '/api', '/'],
    ['a prefix keeps what is behind it, with its slashes merged, and the query', '/api/a//b?x=%20&y', '/a/b?x=%20&y'],
    ['a group of an expression, and the rest stays', '/u/7/edit?q', '/users/7/edit?q'],
    ['conditions and routes see the path as it came', '/u/7', '/users/7'],
    ['groups in any order, and a dollar sign', '/x/left-right', '/x/right/left/$'],
    ['what matches nothing stays as it was', '/other', '/other'],
    ['an empty query stays', '/api/x?', '/x?'],
    ['the star of OPTIONS stays', 'OPTIONS *', '*'],
  ];
  for (const [name, target, expected] of cases) {
    test(name, async () => assert.equal(await seen(target), expected));
  }

  test('a value of the client cannot leave the path, nor the line', async () => {
    const make = (part: string) => seen('/byheader', `X-Part: ${part}`);
    assert.equal(await make('a b?c#d'), '/h/a%20b%3Fc%23d/end');
    assert.equal(await make('../../../etc'), '/etc/end');
    assert.equal(await make('100%'), '/h/100%25/end');
    assert.equal(await make('\xc3\xa9 HTTP/1.1'), '/h/%C3%83%C2%A9%20HTTP/1.1/end');
  });

  test('a path that could be read in two ways is refused, and never sent', async () => {
    for (const part of ['a%2Fb', 'a\\b', '%00', '%5c', '%c0%af']) {
      assert.equal((await ask('/byheader', `X-Part: ${part}`)).status, 400, part);
    }
  });

  test('explain agrees', async () => {
    const { edits, verdict } = await gateway.gateway.explain({ request: 'GET http://a/u/7/x', listener: 'web' });
    assert.deepEqual(edits[0], { edit: 'rewrite', name: 'path', value: '/users/7/x' });
    assert.deepEqual(verdict, { kind: 'send', backend: 'app' });
    const bad = { request: 'GET http://a/byheader', listener: 'web', headers: ['X-Part: a%2Fb'] };
    assert.deepEqual((await gateway.gateway.explain(bad)).verdict, { kind: 'answer', status: 400, headers: [] });
  });
});

describe('the query', () => {
  test('set query puts one in place of all, encoded', async () => {
    assert.equal(await seen('/?lang=de&a=1&lang=fr', 'X-Lang: en&b=2 x'), '/?a=1&lang=en%26b%3D2%20x');
    assert.equal(await seen('/', 'X-Lang: en'), '/?lang=en');
  });

  test('remove query takes it away under any spelling, and the mark with the last one', async () => {
    assert.equal(await seen('/?utm%5Fsource=x&a=1&utm_source&b'), '/?a=1&b');
    assert.equal(await seen('/?utm_source=x'), '/');
  });
});

describe('remove cookie', () => {
  const cookie = async (...fields: string[]) => fieldOf(await ask('/', ...fields), 'x-cookie');

  test('the others stay, in one field', async () => {
    assert.equal(await cookie('Cookie: a=1; tracking=x; ads=y; b=2'), 'a=1; b=2');
    assert.equal(await cookie('Cookie: a=1; tracking=x', 'Cookie: tracking=y;c=3'), 'a=1; c=3');
  });

  test('the field goes with the last one, and is left alone without any', async () => {
    assert.equal(await cookie('Cookie: tracking=x; ads=y'), 'none');
    assert.equal(await cookie('Cookie:  b=2;  tracking2=x'), 'b=2;  tracking2=x');
  });
});
