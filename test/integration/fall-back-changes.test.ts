/**
 * `fall back to` together with what changes: reloads, broken circuits, several threads.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Address, answering, connectTo, eventually, freePort, ok, RawServer, startGateway } from '../kit/index.ts';

const [one, other, third] = await Promise.all(
  ['one', 'other', 'third'].map((name) => RawServer.start(answering(() => ok(name)))),
);
after(() => Promise.all([one!.stop(), other!.stop(), third!.stop()]));

const text = (server: RawServer | undefined) => `127.0.0.1:${server!.address.port}`;

async function ask(address: Address): Promise<string> {
  const client = await connectTo(address);
  client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  const answer = await client.answer();
  client.destroy();
  return answer.body.toString();
}

test('a reload may change the fallback, and requests already on it stay there', async (t) => {
  const rules = (to: RawServer | undefined) => `listener web on 127.0.0.1:0 { otherwise send to app }
backend app { server a ${text(one)}; fall back to second }
backend second of ${text(to)}`;
  const { gateway, address, stop } = await startGateway(rules(other));
  t.after(stop);
  gateway.server('app/a').maint();
  assert.equal(await ask(address), 'other');
  await gateway.reload({ rules: rules(third) });
  assert.equal(await ask(address), 'third');
  const app = () => gateway.stats().backends.find(({ name }) => name === 'app')!;
  assert.equal(app().fallsBackTo, 'second');
  gateway.server('app/a').ready();
  assert.equal(await ask(address), 'one');
  assert.equal(app().fallsBackTo, null);
});

test('a circuit that one thread has broken makes the requests of both fall back', async (t) => {
  const { gateway, address, stop } = await startGateway(
    `listener web on 127.0.0.1:0 { otherwise send to app }
backend app of 127.0.0.1:${await freePort()} { retry 0; break circuit after 3 failures for 1h; fall back to second }
backend second of ${text(other)}`,
    2,
  );
  t.after(stop);
  const app = () => gateway.stats().backends.find(({ name }) => name === 'app')!;
  for (let count = 0; count < 3; count++) assert.equal(await ask(address), 'other');
  await eventually('the circuit is open', () => app().circuit === 'open');
  const failures = app().servers[0]!.counters.connectFailures;
  const answers = await Promise.all(Array.from({ length: 30 }, () => ask(address)));
  assert.deepEqual(new Set(answers), new Set(['other']));
  assert.equal(app().servers[0]!.counters.connectFailures, failures, 'nobody tries the server meanwhile');
});
