/** Two gateways that announce one address by BGP, as in examples/high-availability/bgp: both serve, and either can be lost. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { ANNOUNCER, BgpPair } from './bgp-pair.ts';
import { GATEWAYS, SLUICE, skipUnlessPair } from './pair.ts';

const needed = skipUnlessPair('bird', 'birdc');
const PATIENCE_MS = 5_000;

const pair = needed.skip === undefined ? new BgpPair() : null!;

before(() => pair?.start());

after(() => pair?.[Symbol.asyncDispose]());

test('both gateways serve the address, and a sticky client gets the same server from either', needed, async () => {
  const sight = await pair.watched(() => setTimeout(1_000));
  assert.deepEqual(Object.keys(sight.right).sort(), [...GATEWAYS]);
  assert.equal(sight.servers.length, 1);
  assert.deepEqual([sight.wrong, sight.failed, sight.kept.failed], [[], {}, 0]);
});

test(
  'a gateway whose process was killed gets no more connections, and gets them again when it is back',
  needed,
  async (t) => {
    const sight = await pair.watched(async () => {
      assert.equal(pair.network.signal('edge1', SLUICE, 'SIGKILL'), 2);
      await pair.announced(['edge2']);
      await setTimeout(500);
      await pair.startGateway('edge1');
      await pair.announced(GATEWAYS);
      await setTimeout(500);
    });
    t.diagnostic(
      `longest gap ${sight.longestGapMs} ms; failed: ${JSON.stringify(sight.failed)}; ${JSON.stringify(sight.right)}`,
    );
    assert.deepEqual(sight.wrong, []);
    assert.ok(sight.longestGapMs < PATIENCE_MS, `${sight.longestGapMs} ms`);
  },
);

test('a gateway that hangs gets no more connections', needed, async (t) => {
  const sight = await pair.watched(async () => {
    pair.network.signal('edge1', SLUICE, 'SIGSTOP');
    await pair.announced(['edge2']);
    await setTimeout(500);
    pair.network.signal('edge1', SLUICE, 'SIGCONT');
    await pair.announced(GATEWAYS);
  });
  t.diagnostic(
    `longest gap ${sight.longestGapMs} ms; failed: ${JSON.stringify(sight.failed)}; ${JSON.stringify(sight.right)}`,
  );
  assert.deepEqual(sight.wrong, []);
  assert.ok(sight.longestGapMs < PATIENCE_MS, `${sight.longestGapMs} ms`);
});

test('a machine whose cable was pulled gets no more connections', needed, async (t) => {
  const sight = await pair.watched(async () => {
    pair.network.plug('edge2', false);
    await pair.announced(['edge1']);
    await setTimeout(500);
    pair.network.plug('edge2', true);
    await pair.announced(GATEWAYS);
  });
  t.diagnostic(
    `longest gap ${sight.longestGapMs} ms; failed: ${JSON.stringify(sight.failed)}; ${JSON.stringify(sight.right)}`,
  );
  assert.deepEqual(sight.wrong, []);
  assert.ok(sight.longestGapMs < PATIENCE_MS, `${sight.longestGapMs} ms`);
});

test(
  'a gateway that is no longer announced completes what is open, though its connections now arrive at the other one',
  needed,
  async () => {
    const sight = await pair.watched(async () => {
      const downloads = Array.from({ length: 8 }, () => pair.download(3));
      await setTimeout(500);
      assert.ok(pair.network.signal('edge1', ANNOUNCER, 'SIGTERM') >= 2);
      await pair.announced(['edge2']);
      assert.deepEqual(await Promise.all(downloads), Array(8).fill(30));
    });
    assert.deepEqual([sight.wrong, sight.failed, sight.kept.failed], [[], {}, 0]);
  },
);
