import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { test } from 'node:test';
import { isItself, mayMeetItself } from '../../src/probe/self-connection.ts';

test('a socket connected to itself is distinguished from one accepted by a server', async (t) => {
  const server = createServer((socket) => socket.on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const served = connect(port, '127.0.0.1');
  t.after(() => served.destroy());
  await once(served, 'connect');
  assert.equal(isItself(served), false);
  served.resetAndDestroy();
  server.close();
  await once(server, 'close');
  // What happens by chance once in some ten thousand times: the port to connect from is the one to connect to.
  const itself = connect({ port, host: '127.0.0.1', localPort: port, localAddress: '127.0.0.1' });
  t.after(() => itself.destroy());
  await once(itself, 'connect');
  assert.equal(isItself(itself), true);
});

test('only ports that the system gives to sockets that connect can meet themselves', () => {
  let range = [1024, 65535];
  try {
    range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1').trim().split(/\s+/).map(Number);
  } catch {}
  const [first, last] = range as [number, number];
  assert.equal(mayMeetItself(first), true);
  assert.equal(mayMeetItself(last), true);
  assert.equal(mayMeetItself(first - 1), false);
  if (last < 65535) assert.equal(mayMeetItself(last + 1), false);
});
