/**
 * What `explain` says on a running gateway is what a request gets from it now, when servers are down, drained, full or left alone.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Explanation } from 'sluice';
import { connectTo, eventually, RawServer, startGateway } from '../kit/index.ts';

const GET = (host: string, ...fields: string[]) =>
  `GET / HTTP/1.1\r\nHost: ${host}\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;

/** RULES has a backend for each way to have no server. */
const RULES = (port: number) =>
  `
listener web on 127.0.0.1:0 {
  send to down when host down
  send to narrow when host narrow
  send to short when host short
  send to broken when host broken
  send to sticky when host sticky
  send to spare when host spare
  on response { set header X-Own to "yes" when status 503 }
  otherwise send to good
}
backend good of 127.0.0.1:${port}
backend down of 127.0.0.1:${port}
backend narrow { max 1; server one 127.0.0.1:${port}; queue at most 1; timeout queue 20s }
backend short { server one 127.0.0.1:${port} max 1; queue at most 0 }
backend broken of 127.0.0.1:1 { retry 0; break circuit after 1 failures for 60s }
backend sticky { server one 127.0.0.1:${port}; server two 127.0.0.1:${port}; stick on header X-Client }
backend spare of 127.0.0.1:1 { fall back to good }
`;

for (const threads of [0, 2]) {
  test(`live traffic agrees with explain, on ${threads} threads`, { timeout: 60_000 }, async (t) => {
    let hold = false;
    const held: (() => void)[] = [];
    const server = await RawServer.start(async (wire) => {
      for (;;) {
        await wire.request();
        if (hold) await new Promise<void>((resolve) => held.push(resolve));
        wire.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      }
    });
    t.after(() => {
      for (const release of held) release();
      return server.stop();
    });
    const { gateway, address, stop } = await startGateway(RULES(server.address.port), threads);
    t.after(stop);

    async function asked(host: string, ...fields: string[]): Promise<number> {
      const wire = await connectTo(address);
      wire.send(GET(host, ...fields));
      const { status } = await wire.answer();
      wire.destroy();
      return status;
    }
    const explained = (host: string, ...headers: string[]): Promise<Explanation> =>
      gateway.explain({ request: `GET http://${host}:${address.port}/`, headers });

    /** same holds an explanation against an answer, and returns the explanation. */
    async function same(status: number, host: string, ...headers: string[]): Promise<Explanation> {
      const explanation = await explained(host, ...headers);
      const { verdict } = explanation;
      assert.equal(explanation.isLive, true);
      assert.equal(verdict.kind === 'answer' ? verdict.status : verdict.kind === 'send' && 200, status, host);
      assert.equal(await asked(host, ...headers), status, host);
      return explanation;
    }
    const reasonOf = ({ verdict }: Explanation): string | undefined =>
      verdict.kind === 'answer' ? verdict.reason : undefined;

    await same(200, 'good');

    gateway.server(`down/127.0.0.1:${server.address.port}`).maint();
    const down = await same(503, 'down');
    assert.equal(reasonOf(down), 'no server of backend down takes new requests');
    assert.equal(down.servers[0]!.why, 'in maintenance');
    assert.equal(down.by!.text, 'send to down when host down');
    assert.deepEqual(down.answer, { status: 503, isAssumed: false });
    assert.deepEqual(down.answerEdits, [{ edit: 'set', name: 'X-Own', value: 'yes' }]);

    assert.equal(await asked('broken'), 503);
    assert.equal(reasonOf(await same(503, 'broken')), 'the circuit of backend broken is open');

    // Who belongs to a server that is drained stays there; others go to nobody.
    await same(200, 'sticky', 'X-Client: a');
    gateway.server('sticky/one').drain();
    gateway.server('sticky/two').drain();
    assert.equal((await same(200, 'sticky', 'X-Client: a')).sticky!.outcome, 'stays');
    await same(503, 'sticky', 'X-Client: b');

    gateway.server('spare/127.0.0.1:1').maint();
    assert.equal((await same(200, 'spare')).fallBacks.length, 1);

    hold = true;
    const waiting = await Promise.all(
      ['narrow', 'short'].map(async (host) => {
        const wire = await connectTo(address);
        wire.send(GET(host));
        return wire;
      }),
    );
    await eventually('both to be with their servers', () => held.length === 2);
    assert.equal(reasonOf(await same(503, 'short')), 'every server of backend short is full, and there is no queue');
    const { verdict, line } = await explained('narrow');
    assert.deepEqual(verdict, { kind: 'send', backend: 'narrow' });
    assert.deepEqual(line, { server: null, waiting: 0, most: 1, mostMs: 20_000 });
    const third = await connectTo(address);
    third.send(GET('narrow'));
    await eventually('it to wait', async () => (await explained('narrow')).line === null);
    const behind = await same(503, 'narrow');
    assert.equal(reasonOf(behind), 'backend narrow is full, and and its queue is full: 1 of 1 waiting');
    hold = false;
    for (const release of held.splice(0)) release();
    for (const wire of [...waiting, third]) {
      assert.equal((await wire.answer()).status, 200);
      wire.destroy();
    }
  });
}
