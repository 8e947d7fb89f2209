/**
 * Listeners of an embedder that throw: what they are told of has happened, and goes on.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answering, ok, PluginStage, RawServer } from '../kit/index.ts';

async function staged(t: Parameters<typeof PluginStage.start>[0], backend = '') {
  const app = await RawServer.start(answering(() => ok('app')));
  t.after(() => app.stop());
  const rules = `listener web on 127.0.0.1:0 { otherwise send to app }\nbackend app of 127.0.0.1:${app.address.port} { ${backend} }`;
  const stage = await PluginStage.start(t, { files: {}, rules, logLevel: 'debug' });
  return { app, ...stage, stage, gateway: stage.gateway };
}

const failing = () => {
  throw new Error('no metrics today');
};

test('a reload that happened does not reject because a listener threw', async (t) => {
  const { stage, gateway } = await staged(t);
  const heard: number[] = [];
  const failures: unknown[] = [];
  gateway.on('reload', failing);
  gateway.on('listening', failing);
  gateway.on('reload', ({ generation }) => heard.push(generation));
  gateway.on('listenerFailed', ({ event, error }) => failures.push([event, (error as Error).message]));
  await gateway.reload();
  await gateway.reload();
  assert.deepEqual(heard, [2, 3], 'the other listeners hear of it');
  assert.deepEqual(failures, [
    ['reload', 'no metrics today'],
    ['reload', 'no metrics today'],
  ]);
  assert.equal(gateway.stats().generation, 3);
  const lines = stage.lines.filter(({ msg }) => msg === 'a listener of the event `reload` failed');
  assert.equal(lines.length, 1);
  assert.equal(lines[0]!.error, 'no metrics today');
  assert.match(lines[0]!.stack!, /failing-listeners\.test/);
});

test('a server whose stop a listener fails to hear of comes back', async (t) => {
  const { app, stage, gateway } = await staged(t, 'check GET / every 30ms rise 1 fall 1');
  gateway.on('server', failing);
  gateway.on('server', async () => {
    throw new Error('late');
  });
  const failures: string[] = [];
  gateway.on('listenerFailed', ({ error }) => failures.push((error as Error).message));
  const { port } = app.address;
  await app.stop();
  await stage.logged(/^server app\/.* is stopped/);
  const again = await RawServer.start(
    answering(() => ok('app')),
    { port } as never,
  );
  t.after(() => again.stop());
  await stage.logged(/^server app\/.* is running/);
  assert.equal((await stage.ask()).status, 200);
  assert.deepEqual(failures.slice(0, 2), ['no metrics today', 'late']);
});

test('an event listener is called after the event has been handled, and may call the gateway', async (t) => {
  const { gateway } = await staged(t);
  const [name] = gateway.stats().backends[0]!.servers.map((server) => `app/${server.name}`);
  const story: string[] = [];
  gateway.on('admin', ({ to }) => {
    story.push(`told ${to}`);
    if (to === 'maint') gateway.server(name!).ready();
  });
  gateway.server(name!).maint();
  story.push(`set ${gateway.server(name!).admin}`);
  await null;
  assert.deepEqual(story, ['set maint', 'told maint', 'told ready']);
  assert.equal(gateway.server(name!).admin, 'ready');
});

test('a listener of failures that fails is only logged', async (t) => {
  const { stage, gateway } = await staged(t);
  gateway.on('reload', failing);
  gateway.on('listenerFailed', failing);
  await gateway.reload();
  assert.equal((await stage.logged(/the event `listenerFailed` failed/)).error, 'no metrics today');
});

test('a listener that was taken off is not called', async (t) => {
  const { gateway } = await staged(t);
  const heard: string[] = [];
  const second = () => heard.push('second');
  gateway.on('reload', () => {
    heard.push('first');
    gateway.off('reload', second);
  });
  gateway.on('reload', second);
  gateway.once('reload', () => heard.push('once'));
  await gateway.reload();
  await gateway.reload();
  assert.deepEqual(heard, ['first', 'once', 'first']);
});
