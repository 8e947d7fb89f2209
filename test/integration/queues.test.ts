/**
 * Full servers and the line in front of them, on one event loop and over two data threads: maxima are exact, lines have an end,
 * and whoever waits is served in turn or told.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { eventually, startGateway, temporaryFolder } from '../kit/index.ts';
import { type Got, get, startHolding } from './fixtures/holding-server.ts';

async function stage(t: TestContext, threads: number, backend: string, before = '') {
  const rules = `${before}
    listener web on 127.0.0.1:0 { otherwise send to app }
    backend app { ${backend} }`;
  const { gateway, address, stop } = await startGateway(rules, threads);
  t.after(stop);
  const app = () => gateway.stats().backends[0]!;
  return {
    gateway,
    address,
    app,
    waiting: (count: number) => eventually(`${count} to wait`, () => app().waiting === count),
    /** Nothing is open or waits any more, anywhere. */
    idle: () =>
      eventually('all counts to be zero', () => {
        const { open, waiting, servers } = app();
        return open === 0 && waiting === 0 && servers.every((server) => server.open === 0 && server.waiting === 0);
      }),
  };
}

/** One connection, so all of it is on one thread, in the order asked. */
async function connectHttp2(t: TestContext, { host, port }: { host: string; port: number }) {
  const session = connect(`http://${host}:${port}`);
  t.after(() => session.destroy());
  session.on('error', () => {});
  await once(session, 'connect');
  return session;
}

async function ask(session: ClientHttp2Session, path: string): Promise<Got> {
  const stream = session.request({ ':path': path });
  let status = 0;
  let body = '';
  stream.on('response', (head) => {
    status = Number(head[':status']);
  });
  for await (const piece of stream) body += piece;
  return { status, body };
}

const statuses = (answers: readonly Got[]): number[] => answers.map(({ status }) => status);

for (const threads of [0, 2]) {
  const on = threads === 0 ? 'on one event loop' : 'over two threads';

  test(`${on} a server never has more than its max, and all who wait are served`, async (t) => {
    const server = await startHolding(t);
    const { address, app, waiting, idle } = await stage(t, threads, `server one ${server.address} max 3`);
    const asked = Array.from({ length: 40 }, (_, at) => get(address, `/${at}`));
    await server.arrived(3);
    await waiting(37);
    assert.equal(app().open, 3);
    server.answerAll();
    assert.deepEqual(statuses(await Promise.all(asked)), Array(40).fill(200));
    assert.equal(server.most, 3);
    await idle();
  });

  test(`${on} a backend never has more than its max on all its servers`, async (t) => {
    const [one, two] = [await startHolding(t), await startHolding(t)];
    const lines = `server one ${one.address} max 3; server two ${two.address}; max 4; balance first`;
    const { address, app, waiting, idle } = await stage(t, threads, lines);
    const asked = Array.from({ length: 20 }, (_, at) => get(address, `/${at}`));
    await Promise.all([one.arrived(3), two.arrived(1)]);
    await waiting(16);
    assert.equal(app().open, 4);
    assert.deepEqual([one.held.length, two.held.length], [3, 1]);
    one.answerAll();
    two.answerAll();
    assert.deepEqual(statuses(await Promise.all(asked)), Array(20).fill(200));
    assert.ok(one.most <= 3);
    await idle();
  });

  test(`${on} one more than \`queue at most\` gets 503 at once, and those who wait keep their places`, async (t) => {
    const server = await startHolding(t);
    const lines = `server one ${server.address} max 1; queue at most 2; timeout queue 10m`;
    const { address, waiting, idle } = await stage(t, threads, lines);
    const asked = [get(address, '/1')];
    await server.arrived(1);
    asked.push(get(address, '/2'), get(address, '/3'));
    await waiting(2);
    assert.deepEqual(
      statuses(await Promise.all([get(address, '/4'), get(address, '/5'), get(address, '/6')])),
      [503, 503, 503],
    );
    await waiting(2);
    server.answerAll();
    assert.deepEqual(statuses(await Promise.all(asked)), [200, 200, 200]);
    await idle();
  });

  test(`${on} with \`queue at most 0\` no request waits`, async (t) => {
    const server = await startHolding(t);
    const { address, idle } = await stage(t, threads, `server one ${server.address} max 1; queue at most 0`);
    const first = get(address, '/1');
    await server.arrived(1);
    assert.deepEqual(statuses(await Promise.all([get(address, '/2'), get(address, '/3')])), [503, 503]);
    server.answer(0);
    assert.equal((await first).status, 200);
    await idle();
  });

  test(`${on} a request queued for longer than \`timeout queue\` gets 503 and is no longer counted`, async (t) => {
    const server = await startHolding(t);
    const { address, app, idle } = await stage(t, threads, `server one ${server.address} max 1; timeout queue 50ms`);
    const first = get(address, '/1');
    await server.arrived(1);
    const late = await Promise.all([get(address, '/2'), get(address, '/3'), get(address, '/4')]);
    assert.deepEqual(statuses(late), [503, 503, 503]);
    assert.deepEqual([app().waiting, app().open], [0, 1]);
    server.answer(0);
    assert.equal((await first).status, 200);
    assert.equal(server.held.length, 1);
    await idle();
  });

  test(`${on} requests of one thread are served in the order in which they came, the newest last`, async (t) => {
    const server = await startHolding(t);
    const { address, waiting, idle } = await stage(t, threads, `server one ${server.address} max 1`);
    const session = await connectHttp2(t, address);
    const asked = [ask(session, '/0')];
    await server.arrived(1);
    for (let at = 1; at <= 5; at++) {
      asked.push(ask(session, `/${at}`));
      await waiting(at);
    }
    // Each comes in the moment in which another leaves: it must not get the place that is free just then.
    for (let at = 0; at <= 5; at++) {
      asked.push(ask(session, `/new${at}`));
      server.answer(at);
      await server.arrived(at + 2);
    }
    server.answerAll();
    assert.deepEqual(statuses(await Promise.all(asked)), Array(12).fill(200));
    const order = server.held.map(({ path }) => path);
    assert.deepEqual(order.slice(0, 6), ['/0', '/1', '/2', '/3', '/4', '/5']);
    assert.deepEqual(order.slice(6), ['/new0', '/new1', '/new2', '/new3', '/new4', '/new5']);
    await idle();
  });

  const sticky = async (t: TestContext, more = '') => {
    const [one, two] = [await startHolding(t), await startHolding(t)];
    const lines = `server one ${one.address} max 1 ${more}; server two ${two.address}; balance first; stick on header X-User`;
    const staged = await stage(t, threads, lines);
    const user = (path: string) => get(staged.address, path, { 'x-user': 'ada' });
    const login = user('/login');
    await one.arrived(1);
    one.answer(0);
    assert.equal((await login).status, 200);
    const first = user('/1');
    await one.arrived(2);
    const second = user('/2');
    await eventually('the client to wait for its server', () => staged.app().servers[0]!.waiting === 1);
    return { ...staged, one, two, user, first, second };
  };

  test(`${on} a client waits for its own full server while others go past it`, async (t) => {
    const { address, one, two, first, second, app, idle } = await sticky(t);
    assert.equal(app().waiting, 1);
    const other = get(address, '/other');
    await two.arrived(1);
    two.answerAll();
    assert.equal((await other).body, '/other');
    one.answer(1);
    await first;
    await one.arrived(3);
    one.answer(2);
    assert.deepEqual(await second, { status: 200, body: '/2' });
    assert.deepEqual(
      one.held.map(({ path }) => path),
      ['/login', '/1', '/2'],
    );
    await idle();
  });

  test(`${on} a client whose server has a full queue goes to another server`, async (t) => {
    const { one, two, user, first, second, app, idle } = await sticky(t, 'queue at most 1');
    const third = user('/3');
    await two.arrived(1);
    two.answer(0);
    assert.deepEqual(await third, { status: 200, body: '/3' });
    assert.equal(app().servers[0]!.waiting, 1, 'who waited, waits');
    one.answerAll();
    // Since /3 it belongs to the other server; /2 stays in the line that it stood in, or goes where it belongs now.
    two.answerAll();
    assert.deepEqual(statuses(await Promise.all([first, second])), [200, 200]);
    await idle();
  });

  for (const [change, name] of [
    ['drain', 'is drained'],
    ['weightless', 'loses its weight'],
  ] as const) {
    test(`${on} a client keeps waiting for its own server when that ${name}`, async (t) => {
      const { gateway, one, two, first, second, app, idle } = await sticky(t);
      const server = gateway.server('app/one');
      if (change === 'drain') server.drain();
      else server.weight(0);
      assert.equal(app().servers[0]!.waiting, 1);
      one.answer(1);
      await first;
      await one.arrived(3);
      one.answer(2);
      assert.deepEqual(await second, { status: 200, body: '/2' });
      assert.equal(two.held.length, 0);
      await idle();
    });
  }

  test(`${on} a client that waits for its own server goes to another when that is taken out`, async (t) => {
    const { gateway, one, two, first, second, idle } = await sticky(t);
    gateway.server('app/one').maint();
    await two.arrived(1);
    two.answer(0);
    assert.deepEqual(await second, { status: 200, body: '/2' });
    one.answer(1);
    assert.equal((await first).status, 200);
    await idle();
  });

  for (const [change, name] of [
    ['drain', 'is drained'],
    ['maint', 'is taken out'],
    ['weightless', 'loses its weight'],
  ] as const) {
    test(`${on} those who wait for any server get 503 when the last one ${name}`, async (t) => {
      const server = await startHolding(t);
      const lines = `server one ${server.address} max 1; timeout queue 10m`;
      const { gateway, address, waiting, idle } = await stage(t, threads, lines);
      const first = get(address, '/1');
      await server.arrived(1);
      const second = get(address, '/2');
      await waiting(1);
      const handle = gateway.server('app/one');
      if (change === 'drain') handle.drain();
      else if (change === 'maint') handle.maint();
      else handle.weight(0);
      assert.equal((await second).status, 503);
      server.answer(0);
      assert.equal((await first).status, 200);
      await idle();
    });
  }
}

test('a thread that is lost with requests open and waiting gives their places back', async (t) => {
  const server = await startHolding(t);
  const file = join(temporaryFolder(), 'leaves.js');
  writeFileSync(
    file,
    `export default { name: 'leaves', apiVersion: 1, data: import.meta.url, components: [
       { kind: 'component', slot: 'balance', name: 'leaves', doc: 'For tests.', example: 'balance leaves', args: [] }] };
     export const balancers = { leaves: () => ({ pick(facts, pool) {
       if (!pool.isUsable(0)) return -1;
       if (facts.path === '/leave') process.exit(7);
       return 0;
     } }) };`,
  );
  const { gateway, address, waiting, idle } = await stage(
    t,
    2,
    `server one ${server.address} max 2; balance leaves; timeout queue 10m`,
    `use leaves from "${pathToFileURL(file).href}"`,
  );
  const lost = once(gateway, 'thread');
  const session = await connectHttp2(t, address);
  const asked = [ask(session, '/1'), ask(session, '/2')];
  await server.arrived(2);
  asked.push(ask(session, '/leave'));
  await waiting(1);
  asked.push(ask(session, '/4'));
  await waiting(2);
  // Room for the first in the line: it takes its thread along, the other request, and who waits behind it.
  server.answer(0);
  assert.equal((await lost)[0].event, 'lost');
  await Promise.allSettled(asked);
  await idle();
  server.answerAll();
  const again = await Promise.all(Array.from({ length: 8 }, (_, at) => get(address, `/again${at}`)));
  assert.deepEqual(statuses(again), Array(8).fill(200));
  assert.ok(server.most <= 3, 'one of the lost thread’s may be there still');
  await idle();
});
