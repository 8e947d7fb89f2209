/**
 * The dashboard's files as the admin API serves them: to whom, how large, and what a browser may do with them.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createGateway, type Gateway } from 'sluice';
import { AdminClient } from '../kit/index.ts';

const RULES = 'listener web on 127.0.0.1:0 { otherwise send to app }\nbackend app of 127.0.0.1:9';

let gateway: Gateway;
let client: AdminClient;

before(async () => {
  const admin = { address: '127.0.0.1:0', token: 'correct-horse-battery' };
  gateway = await createGateway({ rules: RULES, threads: 0, logger: false, admin });
  await gateway.start();
  client = new AdminClient(gateway.adminAddress!);
});

after(() => gateway.stop({ deadline: 0 }));

/** The paths of all files that the page loads. */
async function files(): Promise<readonly string[]> {
  const { text } = await client.get('/');
  return [
    ...new Set([...text.matchAll(/(?:href|src)="(\/[^"]+)"|:"(\/[^"]+)"/g)].map(([, one, other]) => one ?? other!)),
  ];
}

test('pages are served without a token, and tell nothing about the gateway', async () => {
  const page = await client.get('/');
  assert.equal(page.status, 200);
  assert.match(page.headers['content-type']!, /^text\/html/);
  assert.doesNotMatch(page.text, /web|app of|127\.0\.0\.1/);
  const paths = await files();
  assert.ok(paths.length > 20, `${paths.length} files`);
  for (const path of paths) assert.equal((await client.get(path)).status, 200, path);
  assert.equal((await client.get('/v1/status')).status, 401, 'what they show needs it');
});

test('everything together is at most 200 KB, and comes from the gateway itself', async () => {
  let size = 0;
  for (const path of ['/', ...(await files())]) {
    const { text } = await client.get(path);
    size += Buffer.byteLength(text);
    assert.doesNotMatch(
      text,
      /(?:src|href)="(?:https?:)?\/\/|\b(?:import|from)\s*\(?["'](?:https?:)?\/\/|url\(\s*["']?http/,
    );
  }
  assert.ok(size > 50_000 && size <= 200_000, `${size} bytes`);
});

test('a page may run only the gateway’s own scripts, and may not be framed', async () => {
  const { headers, text } = await client.get('/');
  const policy = headers['content-security-policy'] as string;
  const [, map] = /<script type="importmap">(.*?)<\/script>/.exec(text)!;
  const hash = createHash('sha256').update(map!).digest('base64');
  assert.match(policy, /default-src 'none'/);
  assert.ok(policy.includes(`script-src 'self' 'sha256-${hash}';`), policy);
  assert.doesNotMatch(policy, /unsafe|\*|https?:/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.equal(headers['x-frame-options'], 'DENY');
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.equal(headers['referrer-policy'], 'no-referrer');
  const inline = [...text.matchAll(/<script(?![^>]*src=)[^>]*>/g)].map(([tag]) => tag);
  assert.deepEqual(inline, ['<script type="importmap">']);
});

test('a browser that has a file asks with its tag, and gets 304', async () => {
  for (const path of ['/', '/dashboard/main.js']) {
    const { headers } = await client.get(path);
    assert.equal(headers['cache-control'], 'no-cache');
    const again = await client.get(path, { 'if-none-match': `"other", ${headers.etag}` });
    assert.deepEqual([again.status, again.text], [304, '']);
    assert.equal((await client.get(path, { 'if-none-match': '"other"' })).status, 200);
  }
});

test('other paths are not files, and other methods are refused', async () => {
  for (const path of [
    '/dashboard/',
    '/dashboard/nothing.js',
    '/dashboard/../package.json',
    '/dashboard/%2e%2e/style.css',
  ]) {
    const { status, json } = await client.get(path);
    assert.deepEqual([path, status, json.error.code], [path, 404, 'SA0105']);
  }
  const posted = await client.ask('POST', '/', { body: {} });
  assert.deepEqual([posted.status, posted.headers.allow], [405, 'GET, HEAD']);
  const { status, headers, text } = await client.ask('HEAD', '/dashboard/main.js');
  assert.deepEqual([status, text], [200, '']);
  assert.match(headers['content-type']!, /^text\/javascript/);
});
