/**
 * Times that servers have: connecting, and a pooled connection with nothing to do. Set short; no test asserts how short.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { connectTo, ok, openStage, Program, plainRules, startGateway } from '../kit/index.ts';

/** Listens, and never accepts: its thread sleeps, so the system takes a few connections for it and then no more. */
const DEAF = `const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  require('node:fs').writeSync(1, 'listening on ' + server.address().port + '\\n');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});`;

test('a server whose line of connections is full gets no connection in time: 503', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const deaf = new Program(process.execPath, ['-e', DEAF]);
  t.after(() => deaf.signal('SIGKILL').stop());
  const [, port] = await deaf.printed(/listening on (\d+)/);
  const address = { host: '127.0.0.1', port: Number(port) };
  const fillers = Array.from({ length: 8 }, () => connect(address).on('error', () => {}));
  t.after(() => {
    for (const filler of fillers) filler.destroy();
  });
  await Promise.all(fillers.slice(0, 2).map((filler) => new Promise((resolve) => filler.once('connect', resolve))));
  const {
    gateway,
    address: web,
    stop,
  } = await startGateway(plainRules([address], '', 'timeout connect 200ms\n  retry 1'));
  t.after(stop);
  const client = await connectTo(web);
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi');
  assert.equal((await client.answer()).status, 503);
  client.destroy();
  assert.equal(gateway.stats().backends[0]!.servers[0]!.counters.connectFailures, 2);
});

test('an idle pooled connection is closed without affecting clients', async (t) => {
  const stage = await openStage('', 'timeout idle 200ms');
  t.after(() => stage.close());
  const closed = new Promise<void>((resolve) => {
    stage.server.play(async (wire) => {
      wire.send(ok((await wire.request()).target));
      await wire.closed();
      resolve();
    });
  });
  const client = await stage.client();
  for (const target of ['/one', '/two']) {
    client.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.equal((await client.answer()).body.toString(), target);
    await closed;
  }
  assert.equal(stage.server.wires.length, 2);
});
