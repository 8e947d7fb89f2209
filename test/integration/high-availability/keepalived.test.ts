/** Two gateways with one address, as in examples/high-availability: every way in which one of them can be lost. */
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { eventually } from '../../kit/index.ts';
import { KEEPALIVED, KeepalivedPair } from './keepalived-pair.ts';
import { GATEWAYS, type GatewayName, other, SLUICE, skipUnlessPair } from './pair.ts';
import type { Sight } from './prober.ts';

const needed = skipUnlessPair('keepalived');
/** What a client may have to wait at the most. Measured: a third of a second for a dead process; this is for a busy machine. */
const PATIENCE_MS = 5_000;

const pair = needed.skip === undefined ? new KeepalivedPair() : null!;

before(() => pair?.start());

after(() => pair?.[Symbol.asyncDispose]());

/** assertServed finds that every response was right, that the sticky client kept its server, and that both gateways answered if they should. */
function assertServed(t: TestContext, sight: Sight, gateways: readonly GatewayName[]): void {
  t.diagnostic(
    `longest gap ${sight.longestGapMs} ms; failed: ${JSON.stringify(sight.failed)}; ${JSON.stringify(sight.right)}`,
  );
  assert.deepEqual(sight.wrong, []);
  assert.equal(sight.servers.length, 1, `the client was moved between ${sight.servers}`);
  assert.deepEqual(Object.keys(sight.right).sort(), [...gateways].sort());
  assert.ok(sight.longestGapMs < PATIENCE_MS, `${sight.longestGapMs} ms`);
}

test('one gateway has the address, and it answers', needed, async (t) => {
  const holder = await pair.holder();
  const sight = await pair.watched(() => setTimeout(500));
  assertServed(t, sight, [holder]);
  assert.deepEqual(sight.failed, {});
});

test(
  'the address leaves a gateway whose process was killed, and stays where it is when that one is back',
  needed,
  async (t) => {
    const holder = await pair.holder();
    const sight = await pair.watched(async () => {
      assert.equal(pair.network.signal(holder, SLUICE, 'SIGKILL'), 2);
      await pair.moved(other(holder));
      await pair.startGateway(holder);
      await pair.holder();
      await setTimeout(500);
    });
    assertServed(t, sight, GATEWAYS);
    assert.deepEqual(pair.holders(), [other(holder)]);
  },
);

test('the address leaves a gateway that hangs', needed, async (t) => {
  const holder = await pair.holder();
  const sight = await pair.watched(async () => {
    pair.network.signal(holder, SLUICE, 'SIGSTOP');
    await pair.moved(other(holder));
    pair.network.signal(holder, SLUICE, 'SIGCONT');
    await pair.holder();
  });
  assertServed(t, sight, GATEWAYS);
});

test('the address leaves a machine whose cable was pulled', needed, async (t) => {
  const holder = await pair.holder();
  const sight = await pair.watched(async () => {
    pair.network.plug(holder, false);
    await pair.moved(other(holder));
    pair.network.plug(holder, true);
    await pair.holder();
    await setTimeout(500);
  });
  assertServed(t, sight, GATEWAYS);
  assert.deepEqual(pair.holders(), [other(holder)]);
});

test('the address leaves a machine that is frozen, and is on one only soon after it thaws', needed, async (t) => {
  const holder = await pair.holder();
  const sight = await pair.watched(async () => {
    pair.network.signal(holder, SLUICE, 'SIGSTOP');
    pair.network.signal(holder, KEEPALIVED, 'SIGSTOP');
    await pair.moved(other(holder));
    pair.network.signal(holder, KEEPALIVED, 'SIGCONT');
    pair.network.signal(holder, SLUICE, 'SIGCONT');
    await pair.holder();
    await setTimeout(500);
  });
  assertServed(t, sight, GATEWAYS);
});

test(
  'when the two do not hear each other, both answer rightly; when they do again, one has the address',
  needed,
  async (t) => {
    const rule = ['INPUT', '--protocol', 'vrrp', '--jump', 'DROP'];
    const sight = await pair.watched(async () => {
      for (const name of GATEWAYS) pair.network.run(name, 'iptables', '--append', ...rule);
      await eventually('both to have the address', () => pair.holders().length === 2);
      await setTimeout(1_000);
      for (const name of GATEWAYS) pair.network.run(name, 'iptables', '--delete', ...rule);
      await pair.holder();
      await setTimeout(1_500);
    });
    assertServed(t, sight, Object.keys(sight.right) as GatewayName[]);
    const after = await pair.watched(() => setTimeout(500));
    assertServed(t, after, [await pair.holder()]);
  },
);

test('an upgrade moves nothing and fails no request', needed, async (t) => {
  const holder = await pair.holder();
  const sight = await pair.watched(async () => {
    pair.ctl(holder, 'upgrade');
    await setTimeout(1_000);
  });
  assertServed(t, sight, [holder]);
  assert.deepEqual(sight.failed, {});
  assert.equal(sight.kept.failed, 0);
  assert.deepEqual(pair.holders(), [holder]);
});

test('open connections survive when the address moves by hand', needed, async (t) => {
  const holder = await pair.holder();
  const sight = await pair.watched(async () => {
    const download = pair.download(4);
    await setTimeout(500);
    pair.network.signal(holder, KEEPALIVED, 'SIGTERM');
    await pair.moved(other(holder));
    assert.equal(await download, 40);
    pair.startKeepalived(holder);
    await pair.holder();
  });
  assertServed(t, sight, GATEWAYS);
  assert.deepEqual(sight.failed, {});
  assert.equal(sight.kept.failed, 0);
  assert.equal(sight.kept.connections, 1);
});
