/**
 * Listeners and servers on Unix sockets.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createGateway, type Gateway } from 'sluice';

const folder = mkdtempSync(join(tmpdir(), 'sluice-unix-'));
const front = join(folder, 'front.sock');
const back = join(folder, 'back.sock');
let server: Server;
let gateway: Gateway;

before(async () => {
  server = createServer((socket) => {
    socket.once('data', (bytes) => {
      if (bytes.includes('GET /broken ')) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
      else socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
    });
    socket.on('error', () => {});
  });
  server.listen(back);
  await once(server, 'listening');
  gateway = await createGateway({
    rules: `listener web on unix:${front} { otherwise send to app }\nbackend app of unix:${back}\n`,
    threads: 0,
    logger: false,
  });
  await gateway.start();
});

after(async () => {
  await gateway.stop({ deadline: 0 });
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function get(path: string): Promise<string> {
  const asked = request({ socketPath: front, path, headers: { host: 'unix.test' } }).end();
  const [answer] = (await once(asked, 'response')) as [AsyncIterable<Buffer>];
  let body = '';
  for await (const piece of answer) body += piece;
  return body;
}

test('a request uses Unix sockets on both sides', async () => {
  assert.equal(await get('/'), 'ok');
});

test('an answer that breaks off ends the connection, and the gateway lives', async () => {
  const socket = connect(front);
  let received = '';
  socket.on('data', (bytes) => {
    received += bytes;
  });
  socket.on('error', () => {});
  socket.write('GET /broken HTTP/1.1\r\nHost: unix.test\r\n\r\n');
  await once(socket, 'close');
  assert.match(received, /half$/);
  assert.equal(await get('/after'), 'ok');
});
