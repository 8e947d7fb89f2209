/**
 * A backend that answers with the files of a folder, over real sockets.
 */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, readlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createGateway } from 'sluice';
import { connectTo, eventually, fieldsOf, startGateway, temporaryFolder } from '../kit/index.ts';

const BIG_BYTES = 24 * 1024 * 1024;
const folder = temporaryFolder();
mkdirSync(join(folder, 'docs'));
writeFileSync(join(folder, 'index.html'), '<h1>sorry</h1>');
writeFileSync(join(folder, 'style.css'), 'body {}');
writeFileSync(join(folder, 'docs', 'index.html'), 'docs');
writeFileSync(join(folder, 'big.bin'), Buffer.alloc(BIG_BYTES, 'x'));
writeFileSync(join(folder, 'empty.txt'), '');

const site = await startGateway(`listener web on 127.0.0.1:0 {
  timeout client 300ms
  errors 404 from "${join(folder, 'docs', 'index.html')}"
  rewrite /moved to /docs
  send to sorry when host sorry.test
  otherwise send to site
  on response { set header X-Passed to "yes" }
}
backend site { serve files "${folder}" cache 1h }
backend sorry { serve files "${folder}" status 503 retry after 30s }
`);
after(() => site.stop());

async function ask(target: string, fields: readonly string[] = [], method = 'GET', host = 'a') {
  const client = await connectTo(site.address);
  client.send(`${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`);
  const answer = await client.answer({ to: method });
  client.destroy();
  return answer;
}

/** openBigFiles counts the handles that this process has on the large file. */
function openBigFiles(name = 'big.bin'): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).includes(join(folder, name));
    } catch {
      return false;
    }
  }).length;
}

test('a file is sent with its type, its validators, and what the listener changes of answers', async () => {
  const answer = await ask('/style.css');
  assert.equal(answer.status, 200);
  assert.equal(answer.body.toString(), 'body {}');
  assert.equal(fieldsOf(answer, 'content-type')[0], 'text/css; charset=utf-8');
  assert.equal(fieldsOf(answer, 'cache-control')[0], 'max-age=3600');
  assert.equal(fieldsOf(answer, 'x-content-type-options')[0], 'nosniff');
  assert.equal(fieldsOf(answer, 'accept-ranges')[0], 'bytes');
  assert.equal(fieldsOf(answer, 'x-passed')[0], 'yes');
  assert.match(fieldsOf(answer, 'etag')[0]!, /^"[a-z0-9-]+"$/);
});

test('a folder is its index file; without a slash it leads to itself with one; a rewrite is followed', async () => {
  assert.equal((await ask('/docs/')).body.toString(), 'docs');
  const answer = await ask('/docs?a=b');
  assert.equal(answer.status, 301);
  assert.equal(fieldsOf(answer, 'location')[0], '/docs/?a=b');
  assert.equal((await ask('/moved/')).body.toString(), 'docs');
});

test('HEAD has the fields of GET and no body', async () => {
  const answer = await ask('/big.bin', [], 'HEAD');
  assert.equal(fieldsOf(answer, 'content-length')[0], String(BIG_BYTES));
  assert.equal(answer.body.length, 0);
});

test('a missing file gets 404, with the listener’s custom page', async () => {
  for (const target of ['/nope', '/docs/nope/', '/.git/config', '/caf%E9', '/style.css/', '/a%00b']) {
    const answer = await ask(target);
    assert.ok(answer.status === 404 || answer.status === 400, `${target}: ${answer.status}`);
    if (answer.status === 404) assert.equal(answer.body.toString(), 'docs', target);
  }
});

test('other methods get 405, with the allowed ones', async () => {
  const answer = await ask('/style.css', ['Content-Length: 0'], 'POST');
  assert.equal(answer.status, 405);
  assert.equal(fieldsOf(answer, 'allow')[0], 'GET, HEAD');
});

test('an unwanted body closes the connection after the complete response', async () => {
  const client = await connectTo(site.address);
  client.send('POST /style.css HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nfirst');
  assert.equal((await client.answer()).status, 405);
  await client.closed();
});

test('a client that has the file gets 304', async () => {
  const known = await ask('/style.css');
  const answer = await ask('/style.css', [`If-None-Match: ${fieldsOf(known, 'etag')[0]}`]);
  assert.equal(answer.status, 304);
  assert.equal(fieldsOf(answer, 'etag')[0], fieldsOf(known, 'etag')[0]);
  assert.equal(fieldsOf(answer, 'content-length')[0], undefined);
  assert.equal((await ask('/style.css', [`If-Modified-Since: ${fieldsOf(known, 'last-modified')[0]}`])).status, 304);
  assert.equal((await ask('/style.css', ['If-Match: "other"'])).status, 412);
});

test('a range is sent alone; one that cannot be is 416; several get the whole file', async () => {
  const part = await ask('/style.css', ['Range: bytes=1-3']);
  assert.equal(part.status, 206);
  assert.equal(fieldsOf(part, 'content-range')[0], 'bytes 1-3/7');
  assert.equal(part.body.toString(), 'ody');
  const none = await ask('/style.css', ['Range: bytes=7-']);
  assert.equal(none.status, 416);
  assert.equal(fieldsOf(none, 'content-range')[0], 'bytes */7');
  assert.equal((await ask('/style.css', ['Range: bytes=0-0,2-2'])).status, 200);
  assert.equal((await ask('/big.bin', [`Range: bytes=${'0-1,'.repeat(3000)}5-6`], 'HEAD')).status, 200);
  const old = await ask('/style.css', ['Range: bytes=1-3', 'If-Range: "old"']);
  assert.equal(old.status, 200);
  assert.equal((await ask('/style.css', ['Range: bytes=1-3', `If-Range: ${fieldsOf(part, 'etag')[0]}`])).status, 206);
});

test('a range of a large file, and an empty file', async () => {
  const part = await ask('/big.bin', ['Range: bytes=1000000-1199999']);
  assert.equal(part.body.length, 200_000);
  const empty = await ask('/empty.txt');
  assert.deepEqual([empty.status, fieldsOf(empty, 'content-length')[0]], [200, '0']);
});

test('a large file arrives whole, and its handle is closed', async () => {
  const answer = await fetch(`http://127.0.0.1:${site.address.port}/big.bin`);
  assert.equal((await answer.arrayBuffer()).byteLength, BIG_BYTES);
  await eventually('the file to be closed', () => openBigFiles() === 0);
});

test('several requests on one connection are answered in order', async () => {
  const client = await connectTo(site.address);
  const request = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
  client.send(request('/style.css') + request('/docs/') + request('/nope') + request('/style.css'));
  const bodies = [];
  for (let count = 0; count < 4; count++) bodies.push((await client.answer()).body.toString());
  assert.deepEqual(bodies, ['body {}', 'docs', 'docs', 'body {}']);
  client.destroy();
});

test('a client that stops reading is disconnected, and its file is closed', async () => {
  const client = await connectTo(site.address);
  client.send('GET /big.bin HTTP/1.1\r\nHost: a\r\n\r\n');
  await client.text('xxxx');
  client.socket.pause();
  await eventually('the file to be closed', () => openBigFiles() === 0);
  client.destroy();
});

test('a client that goes away in the middle costs no file handle', async () => {
  const client = await connectTo(site.address);
  client.send('GET /big.bin HTTP/1.1\r\nHost: a\r\n\r\n');
  await client.text('xxxx');
  client.reset();
  await eventually('the file to be closed', () => openBigFiles() === 0);
});

for (const [name, change] of [
  ['shorter', (file: string) => truncateSync(file, 1000)],
  ['longer', (file: string) => appendFileSync(file, 'more')],
] as const) {
  test(`a file that becomes ${name} while it is sent breaks the answer off`, async () => {
    const file = join(folder, `${name}.bin`);
    writeFileSync(file, Buffer.alloc(BIG_BYTES, 'y'));
    const client = await connectTo(site.address);
    client.send(`GET /${name}.bin HTTP/1.1\r\nHost: a\r\n\r\n`);
    await client.text('yyyy');
    client.socket.pause();
    change(file);
    client.socket.resume();
    assert.equal(await client.closed(), 'reset');
    await eventually('the file to be closed', () => openBigFiles(`${name}.bin`) === 0);
  });
}

test('with a status, every page and every path without a file is the page with that status', async () => {
  for (const target of ['/', '/any/where', '/docs', '/.git/config']) {
    const answer = await ask(target, [], 'GET', 'sorry.test');
    assert.equal(answer.status, 503, target);
    assert.equal(answer.body.toString(), '<h1>sorry</h1>', target);
    assert.equal(fieldsOf(answer, 'retry-after')[0], '30');
    assert.equal(fieldsOf(answer, 'cache-control')[0], 'no-store');
    assert.equal(fieldsOf(answer, 'etag')[0], undefined, 'a browser must not keep it');
  }
  const posted = await ask('/order', ['Content-Length: 0'], 'POST', 'sorry.test');
  assert.equal(posted.status, 503);
  assert.equal(posted.body.toString(), '<h1>sorry</h1>');
  const range = await ask('/', ['Range: bytes=0-1', 'If-None-Match: *'], 'GET', 'sorry.test');
  assert.equal(range.status, 503);
  assert.equal(range.body.length, 14);
});

test('with a status, what the page needs is sent as it is', async () => {
  const answer = await ask('/style.css', [], 'GET', 'sorry.test');
  assert.equal(answer.status, 200);
  assert.equal(fieldsOf(answer, 'cache-control')[0], 'no-store');
});

test('no more than 256 files are open at once: who comes then gets 503, and the next when one is closed', async () => {
  const patient = await startGateway(`listener web on 127.0.0.1:0 { timeout client 1m; otherwise send to site }
backend site { serve files "${folder}" }
`);
  const request = 'GET /big.bin HTTP/1.1\r\nHost: a\r\n\r\n';
  const clients = await Promise.all(Array.from({ length: 256 }, () => connectTo(patient.address)));
  try {
    for (const client of clients) {
      client.send(request);
      client.socket.pause();
    }
    await eventually('256 files to be open', () => openBigFiles() === 256);
    const late = await connectTo(patient.address);
    late.send(request);
    assert.equal((await late.answer()).status, 503);
    assert.equal(openBigFiles(), 256);
    clients[0]!.reset();
    await eventually('one to be closed', () => openBigFiles() === 255);
    late.send('GET /style.css HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await late.answer()).body.toString(), 'body {}');
    late.destroy();
  } finally {
    for (const client of clients) client.destroy();
    await patient.stop();
  }
  await eventually('all to be closed', () => openBigFiles() === 0);
});

test('what a site served is counted', () => {
  const { counters } = site.gateway.stats().backends.find(({ name }) => name === 'site')!;
  assert.ok(counters.served > 10, String(counters.served));
  assert.ok(counters.serveErrors >= 2, 'the files that changed');
});

test('a folder that is not there is found when the rules are checked', async () => {
  const rules =
    'listener web on 127.0.0.1:0 { otherwise send to site }\nbackend site { serve files "/no/such/folder" }';
  await assert.rejects(createGateway({ rules, logger: false }), /there is no folder `\/no\/such\/folder`/);
});
