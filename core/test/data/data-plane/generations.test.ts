import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Plan } from '@sluice/dsl/plan';
import { answer, answering, request, serve, until, Wire } from '../fixtures/sockets.ts';
import { Stage } from '../fixtures/stage.ts';

const LIMIT = { timeout: 20_000 };
const silent = () => undefined;

function pathIn(context: TestContext, name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'data-plane-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, name);
}

/** denyingAll is the plan with a guard that refuses every request with a status. */
function denyingAll(plan: Plan, status: number): Plan {
  return {
    ...plan,
    listeners: plan.listeners.map((listener) => ({
      ...listener,
      guards: [{ ...listener.guards[0]!, when: null, args: { status } }],
    })),
  };
}

test('a plan with one address in use opens none, and the current plan stays active', LIMIT, async (context) => {
  const stage = await Stage.set(context, { servers: [answering] });
  const taken = await serve(silent);
  context.after(() => taken.close());
  const path = pathIn(context, 'socket');
  const [web] = stage.plan.listeners;
  const plan: Plan = {
    ...stage.plan,
    listeners: [
      web!,
      { ...web!, name: 'path', address: { path } },
      { ...web!, name: 'taken', address: { host: '127.0.0.1', port: taken.port } },
    ],
  };
  await assert.rejects(stage.prepare(2, plan), { code: 'EADDRINUSE' });
  const code = await new Promise((resolve) => {
    connect(path)
      .on('error', (error: NodeJS.ErrnoException) => resolve(error.code))
      .on('connect', () => resolve('connected'));
  });
  assert.equal(code, 'ENOENT');
  assert.throws(() => stage.plane.activate(2), /was not prepared/);
  const client = stage.client();
  client.send(request('/still'));
  await client.has('/still');
  assert.deepEqual(stage.retired, []);
});

test('a plan that cannot be linked opens nothing', LIMIT, async (context) => {
  const stage = await Stage.set(context, { servers: [answering] });
  const [web] = stage.plan.listeners;
  const bad: Plan = {
    ...stage.plan,
    listeners: [{ ...web!, routes: [{ ...web!.routes[0]!, args: { backend: 'nowhere' } }] }],
  };
  await assert.rejects(stage.prepare(2, bad), /no backend `nowhere`/);
  await assert.rejects(
    stage.prepare(3, { ...stage.plan, listeners: [{ ...web!, guards: [{ ...web!.guards[0]!, verb: 'dney' }] }] }),
    /no plugin implements `dney`/,
  );
});

test(
  'open requests end on the rules they began with, later ones of the same connection do not',
  LIMIT,
  async (context) => {
    const stage = await Stage.set(context, { servers: [silent] });
    const client = stage.client();
    client.send(request('/old'));
    await until(() => stage.servers[0]!.wires[0]?.received.includes('\r\n\r\n') === true);
    await stage.prepare(2, denyingAll(stage.plan, 418));
    const before = stage.client();
    before.send(request('/before', 'X-Test: deny\r\n'));
    await before.has('HTTP/1.1 403');
    stage.plane.activate(2);
    const other = stage.client();
    other.send(request('/new'));
    await other.has('HTTP/1.1 418');
    assert.deepEqual(stage.retired, []);
    stage.servers[0]!.wires[0]!.send(answer('as before'));
    await client.has('as before');
    await until(() => stage.retired.length > 0);
    client.send(request('/again'));
    await client.has('HTTP/1.1 418');
    assert.deepEqual(stage.retired, [1]);
    assert.equal(stage.open, 0);
  },
);

test('connections to the servers are kept over a reload', LIMIT, async (context) => {
  const stage = await Stage.set(context, { servers: [answering] });
  const client = stage.client();
  client.send(request('/1'));
  await client.has('/1');
  await stage.prepare(2, { ...stage.plan });
  stage.plane.activate(2);
  client.send(request('/2'));
  await client.has('/2');
  assert.equal(stage.servers[0]!.wires.length, 1);
});

test('a listener removed by a reload finishes open requests, then closes its connections', LIMIT, async (context) => {
  const stage = await Stage.set(context, { servers: [silent] });
  const [busy, idle] = [stage.client(), stage.client()];
  idle.send(request('/', 'X-Test: deny\r\n'));
  await idle.has('sorry 403');
  busy.send(request('/'));
  await until(() => stage.servers[0]!.wires[0]?.received.includes('\r\n\r\n') === true);
  const path = pathIn(context, 'socket');
  const [web] = stage.plan.listeners;
  await stage.prepare(2, { ...stage.plan, listeners: [{ ...web!, name: 'other', address: { path } }] });
  stage.plane.activate(2);
  stage.servers[0]!.wires[0]!.send(answer('the last'));
  assert.match(await busy.ended(), /Connection: close\r\n\r\nthe last$/);
  assert.match(await idle.ended(), /sorry 403$/);
  busy.socket.end();
  idle.socket.end();
  await until(() => stage.retired.length > 0);
  assert.deepEqual(stage.retired, [1]);
  const refused = stage.client();
  await refused.ended();
  assert.equal(refused.error, 'ECONNREFUSED');
});

test('a listener may change its name and keep its address', LIMIT, async (context) => {
  const stage = await Stage.set(context, { servers: [answering] });
  const [web] = stage.plan.listeners;
  const path = pathIn(context, 'socket');
  const named = (name: string): Plan => ({ ...stage.plan, listeners: [{ ...web!, name, address: { path } }] });
  await stage.prepare(2, named('one'));
  stage.plane.activate(2);
  const client = new Wire(connect({ path, allowHalfOpen: true }));
  client.send(request('/1'));
  await client.has('/1');
  await stage.prepare(3, named('two'));
  stage.plane.activate(3);
  client.send(request('/2'));
  await client.has('/2');
});

test(
  'clients that come and go before a new listener serves do no harm, and those that stay are served',
  LIMIT,
  async (context) => {
    const stage = await Stage.set(context, { servers: [answering] });
    const [web] = stage.plan.listeners;
    const plan: Plan = { ...stage.plan, listeners: [web!, { ...web!, name: 'second' }] };
    const { second } = await stage.prepare(2, plan);
    const [reset, gone, stays] = [stage.client(second), stage.client(second), stage.client(second)];
    await Promise.all([reset, gone, stays].map((wire) => until(() => !wire.socket.connecting)));
    stays.send(request('/patient'));
    gone.socket.destroy();
    reset.socket.resetAndDestroy();
    await until(() => reset.isClosed && gone.isClosed);
    // A request through the first listener shows that the loop has seen all of that.
    const other = stage.client();
    other.send(request('/other'));
    await other.has('/other');
    stage.plane.activate(2);
    await stays.has('/patient');
    stays.socket.destroy();
    other.socket.destroy();
    assert.equal(await stage.plane.drain(10_000), 0);
  },
);

test('a prepared plan that is abandoned leaves its addresses free', LIMIT, async (context) => {
  const stage = await Stage.set(context, { servers: [answering] });
  const [web] = stage.plan.listeners;
  const { second } = await stage.prepare(2, { ...stage.plan, listeners: [web!, { ...web!, name: 'second' }] });
  const waiting = stage.client(second);
  await until(() => !waiting.socket.connecting);
  await stage.plane.abandon(2);
  await until(() => waiting.hasEnded || waiting.isClosed);
  const late = stage.client(second);
  await late.ended();
  assert.equal(late.error, 'ECONNREFUSED');
  const client = stage.client();
  client.send(request('/first'));
  await client.has('/first');
});
