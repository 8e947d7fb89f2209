import { FakePool, fakeFacts, fakeStickHost } from '@sluice/plugin-kit';
/**
 * Sticks: what one look into a stick table costs, and one entry, with a million clients in it; and what one look at an
 * inserted cookie does. Run it alone: node test/bench/sticks.ts. Benchmark code.
 *
 * Says the best of five rounds, in nanoseconds of CPU time, as what else the machine does only makes a round slower.
 */
import { SharedStickTable } from '../../core/src/shared/tables/shared-stick-table.ts';
import { StickClock } from '../../core/src/shared/tables/stick-clock.ts';
import { stickiness } from '../../plugins/stick-cookie/src/data.ts';

const CLIENTS = 1_000_000;
const ROUNDS = 5;
const TTL_MS = 3_600_000;

/** measure prints the best time of one call of `step`, over so many a round. */
function measure(what: string, count: number, step: (at: number) => number): void {
  let best = Number.POSITIVE_INFINITY;
  let sum = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage();
    for (let at = 0; at < count; at++) sum += step(at);
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, (1000 * (user + system)) / count);
  }
  console.log(`${what.padEnd(60)} ${best.toFixed(0).padStart(5)} ns   (${sum})`);
}

const clock = new StickClock(StickClock.allocate());
clock.set(1_000_000);
const memory = SharedStickTable.allocate(CLIENTS, 1);
const table = new SharedStickTable(memory, clock, 0);
const keys = Array.from({ length: CLIENTS }, (_, at) => `8f14e45fceea167a5a36-${at}`);
console.log(`${CLIENTS} clients, keys of some 26 letters, ${(memory.byteLength / CLIENTS).toFixed(0)} bytes each`);

measure('set: learn one more client', CLIENTS, (at) => {
  table.set('on cookie', keys[at]!, at & 1023, TTL_MS);
  return 1;
});
// Neighbours in time are no neighbours in memory: a step that has no divisor in common with the number of keys.
measure('get: find a client', CLIENTS, (at) => table.get('on cookie', keys[(at * 7919) % CLIENTS]!, TTL_MS));
measure('get: a client that nobody knows', CLIENTS, (at) => table.get('on ip', keys[(at * 7919) % CLIENTS]!, TTL_MS));
measure('get: the same few hundred clients', CLIENTS, (at) => table.get('on cookie', keys[at % 300]!, TTL_MS));

for (const servers of [10, 10_000]) {
  const pool = new FakePool(Array.from({ length: servers }, () => 1));
  const sticky = stickiness['with cookie']!({ cookie: 'srv' }, fakeStickHost(pool));
  const known = Array.from({ length: Math.min(servers, 1000) }, (_, server) => {
    const pair = sticky.learn(fakeFacts(), pool, server, []).split(';')[0]!;
    return fakeFacts({ headers: { cookie: `theme=dark; ${pair}; lang=en` } });
  });
  measure(`inserted cookie: find, ${servers} servers`, 200_000, (at) => sticky.find(known[at % known.length]!, pool));
  const forged = fakeFacts({ headers: { cookie: `srv=${'A'.repeat(32)}` } });
  measure(`inserted cookie: refuse a forged one, ${servers} servers`, 20_000, () => sticky.find(forged, pool));
}
console.log(`entries ${table.entries()}, evictions ${table.counts().evictions}`);
