/**
 * Real servers behind, real clients before: nginx with files, curl asking in its own ways.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  freePort,
  type Peer,
  Program,
  plainRules,
  skipUnless,
  startGateway,
  startNginx,
  type TestGateway,
  temporaryFolder,
} from '../kit/index.ts';

describe('with nginx as the server and curl as the client', skipUnless('nginx', 'curl'), () => {
  const folder = temporaryFolder();
  const bytes = randomBytes(3_000_000);
  let nginx: Peer;
  let gateway: TestGateway;

  before(async () => {
    writeFileSync(join(folder, 'big.bin'), bytes);
    const port = await freePort();
    const http = `server { listen 127.0.0.1:${port}; root ${folder}; absolute_redirect off; client_max_body_size 10m; client_body_buffer_size 10m;
      location /echo { return 200 "$http_x_forwarded_for $http_host $content_length"; }
      location /moved { return 302 /big.bin; } location /gone { return 410; } }`;
    nginx = await startNginx(port, http);
    gateway = await startGateway(plainRules([nginx.address]), 1);
  });

  after(async () => {
    await gateway?.stop();
    await nginx?.program.stop();
  });

  async function curl(path: string, ...args: string[]): Promise<string> {
    const url = `http://127.0.0.1:${gateway.address.port}${path}`;
    const program = new Program('curl', ['-sS', '--max-time', '20', ...args, url]);
    const { code } = await program.exited;
    assert.equal(code, 0, program.output);
    return program.output;
  }

  const saved = join(folder, 'saved');
  const digest = (of: Buffer) => createHash('sha1').update(of).digest('hex');

  test('a file comes through byte for byte', async () => {
    await curl('/big.bin', '-o', saved);
    assert.equal(digest(readFileSync(saved)), digest(bytes));
  });

  test('a range is 206 with those bytes', async () => {
    assert.equal(await curl('/big.bin', '-o', saved, '-r', '1000-1999', '-w', '%{http_code}'), '206');
    assert.equal(digest(readFileSync(saved)), digest(bytes.subarray(1000, 2000)));
  });

  test('a fresh copy gets 304, and the connection continues', async () => {
    const etag = /etag: ("[^"]+")/i.exec(await curl('/big.bin', '-I'))![1];
    const gone = `http://127.0.0.1:${gateway.address.port}/gone`;
    const shown = ['-w', '%{http_code} %{num_connects} ', '-o', saved, '-o', saved];
    assert.equal(await curl('/big.bin', '-H', `If-None-Match: ${etag}`, ...shown, gone), '410 1 304 0 ');
  });

  test('a redirect of the server is followed through the gateway', async () => {
    assert.equal(await curl('/moved', '-L', '-o', saved, '-w', '%{http_code} %{num_connects}'), '200 1');
  });

  test('an upload that waits for 100-continue arrives', async () => {
    const output = await curl('/echo', '-H', 'Expect: 100-continue', '--data-binary', `@${join(folder, 'big.bin')}`);
    assert.match(output, /^127\.0\.0\.1 127\.0\.0\.1:\d+ 3000000$/);
  });

  test('an upload in chunks arrives', async () => {
    const output = await curl(
      '/echo',
      '-H',
      'Transfer-Encoding: chunked',
      '--data-binary',
      `@${join(folder, 'big.bin')}`,
    );
    assert.match(output, /^127\.0\.0\.1 /);
  });

  test('HTTP/1.0 works', async () => {
    assert.equal(await curl('/gone', '-0', '-o', saved, '-w', '%{http_code} %{http_version}'), '410 1.1');
  });
});
