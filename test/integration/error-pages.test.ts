/**
 * Pages of a listener's own in place of the gateway's, in front of real sockets.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createGateway, GatewayError } from 'sluice';
import { answering, connectTo, fieldOf, RawServer, startGateway, temporaryFolder } from '../kit/index.ts';

const folder = temporaryFolder();
const page = (name: string, content: string | Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const sorry = page('sorry.html', '<style>p { color: red }</style><p>{status} é {request.id} {request.id} {host}</p>');
const busy = page('busy.json', '{"error":{status}}');

const app = await RawServer.start(answering(() => 'HTTP/1.1 503 Mine\r\nContent-Length: 4\r\n\r\nmine'));
const gateway = await startGateway(`
listener web on 127.0.0.1:0 {
  errors 403, 500..599 from "${sorry}"
  errors 429 from "${busy}"
  deny path is /denied
  deny 404 when path is /gone
  limit 1/h per ip when path is /limited
  send to gone when path is /down
  otherwise send to app
  on response { set header X-Type to "page" when header Content-Type contains "html" }
}
backend app of 127.0.0.1:${app.address.port}
backend gone of 127.0.0.1:1
`);
after(async () => {
  await gateway.stop();
  await app.stop();
});

async function ask(target: string, method = 'GET') {
  const client = await connectTo(gateway.address);
  client.send(`${method} ${target} HTTP/1.1\r\nHost: <a>\r\n\r\n`.replace('<a>', 'a'));
  const answer = await client.answer({ to: method });
  client.destroy();
  return answer;
}

test('a refusal carries the page, with its status and the request’s id, and other braces as they are', async () => {
  const answer = await ask('/denied');
  assert.equal(answer.status, 403);
  assert.equal(fieldOf(answer, 'content-type'), 'text/html; charset=utf-8');
  assert.equal(fieldOf(answer, 'cache-control'), 'no-store');
  assert.equal(fieldOf(answer, 'x-type'), 'page');
  const body = answer.body.toString('utf8');
  const [, id] = /^<style>p \{ color: red \}<\/style><p>403 é ([0-9a-f]{32}) \1 \{host\}<\/p>$/.exec(body) ?? [];
  assert.ok(id !== undefined, body);
  assert.notEqual((await ask('/denied')).body.toString('utf8'), body, 'each request has its own id');
});

test('a range of statuses also covers an unreachable server', async () => {
  const answer = await ask('/down');
  assert.equal(answer.status, 503);
  assert.match(answer.body.toString('utf8'), /<p>503 /);
});

test('a limit has its page and a Retry-After', async () => {
  await ask('/limited');
  const answer = await ask('/limited');
  assert.deepEqual([answer.status, answer.body.toString()], [429, '{"error":429}']);
  assert.equal(fieldOf(answer, 'content-type'), 'application/json');
  assert.ok(Number(fieldOf(answer, 'retry-after')) > 0);
});

test('other statuses keep the gateway’s page, and a server’s own answer passes as it is', async () => {
  assert.match((await ask('/gone')).body.toString(), /<title>404 Not Found<\/title>/);
  const own = await ask('/');
  assert.deepEqual([own.status, own.body.toString()], [503, 'mine']);
});

test('a response to HEAD has the page’s length without the page', async () => {
  const answer = await ask('/denied', 'HEAD');
  assert.deepEqual([answer.status, answer.body.length], [403, 0]);
  assert.ok(Number(fieldOf(answer, 'content-length')) > 50);
});

test('explain names the page', async () => {
  const explain = async (target: string) =>
    (await gateway.gateway.explain({ request: `GET http://a${target}`, listener: 'web' })).page;
  assert.deepEqual([await explain('/denied'), await explain('/gone'), await explain('/')], [sorry, null, null]);
});

const BAD: readonly (readonly [name: string, code: string, lines: string])[] = [
  ['that is not there', 'SL0615', `errors 503 from "${join(folder, 'none.html')}"`],
  ['that is not UTF-8', 'SL0623', `errors 503 from "${page('latin1.html', Buffer.from([0x3c, 0xe9, 0x3e]))}"`],
  ['that is too large', 'SL0643', `errors 503 from "${page('large.html', 'x'.repeat(65_537))}"`],
  ['whose ending says nothing', 'SL0642', `errors 503 from "${page('page.php', 'x')}"`],
  ['for a status that is no error', 'SL0610', `errors 302 from "${sorry}"`],
  ['for a status that has one', 'SL0122', `errors 503 from "${sorry}"\nerrors 500..599 from "${sorry}"`],
];
for (const [name, code, lines] of BAD) {
  test(`a page ${name} keeps the rules from loading`, async () => {
    const rules = `listener web on 127.0.0.1:0 {\n${lines}\notherwise deny\n}`;
    const refused = await createGateway({ rules, logger: false }).catch((thrown: unknown) => thrown);
    assert.ok(refused instanceof GatewayError, String(refused));
    assert.deepEqual(
      refused.diagnostics.map((diagnostic) => diagnostic.code),
      [code],
    );
  });
}
