import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulate } from 'sluice/simulation';
import { path, pool, requestsOf, spread } from './pool.ts';

/** Of each pool: its servers, requests a second, how long one takes, and for how long it is watched: some three are open on each. */
const SIZES = [
  { count: 10, rate: 400, takes: '100ms', time: '30s' },
  { count: 1000, rate: 20_000, takes: '200ms', time: '2s' },
  { count: 10_000, rate: 30_000, takes: '1s', time: '2s' },
];

for (const { count, rate, takes, time } of SIZES) {
  const of = (lines: string, words?: (index: number) => string) => {
    const rules = pool(count, lines, words);
    const options = { clients: { rate, count: 20_000 }, servers: { service: { exponential: takes } } };
    return simulate({ rules, ...options, step: '100ms', for: time });
  };
  /** How far open requests are apart, over the second half of the time. */
  const openOf = async (lines: string) => {
    const { servers } = await of(lines);
    return spread(servers.flatMap(({ open }) => open.slice(open.length / 2)));
  };

  test(`round-robin gives each of ${count} servers as many requests as the others`, async () => {
    const { least, most } = spread(requestsOf(await of('balance round-robin')));
    assert.ok(most - least <= 1, `from ${least} to ${most}`);
  });

  test(`round-robin gives each of ${count} servers its share by weight`, async () => {
    const { servers, requests } = await of('balance round-robin', (index) => `weight ${1 + (index % 4)}`);
    const weights = Array.from({ length: count }, (_, index) => 1 + (index % 4)).reduce((sum, each) => sum + each, 0);
    const share = requests / weights;
    for (const [index, server] of servers.entries()) {
      const due = share * (1 + (index % 4));
      assert.ok(Math.abs(server.requests - due) < 2.5, `${server.path} got ${server.requests} of ${due}`);
    }
  });

  // Servers drawn blindly would have Poisson's spread: the square root of the mean.
  test(`least-connections keeps ${count} servers far nearer to each other than chance does`, async () => {
    const { deviation, most, mean } = await openOf('balance least-connections');
    assert.ok(deviation < 0.45 * Math.sqrt(mean), `${deviation} around ${mean}`);
    assert.ok(most <= mean + 6, `at most ${most}, ${mean} on average`);
  });

  test(`the less busy of two keeps ${count} servers nearer to each other than chance does`, async () => {
    const { deviation, most, mean } = await openOf('balance random');
    assert.ok(deviation < 0.7 * Math.sqrt(mean), `${deviation} around ${mean}`);
    assert.ok(most <= mean + 9, `at most ${most}, ${mean} on average`);
  });

  test(`a consistent hash with bounded load never has more on one of ${count} servers than its bound`, async () => {
    const { servers, answers } = await of('balance consistent-hash by ip load at most 125%');
    const open = servers.map((server) => server.open.at(-1)!);
    const { most, mean } = spread(open);
    // The bound is of the requests open when one was given away, which may be some more than at the end.
    assert.ok(most <= Math.ceil(1.25 * (mean + 1)) + 1, `at most ${most}, ${mean} on average`);
    assert.deepEqual(Object.keys(answers), ['200']);
  });
}

test('a consistent hash sends a client to one server, and only the clients of a lost server move', async () => {
  const seen = new Map<string, Set<string>>();
  const rules = pool(10, 'balance consistent-hash by ip\ncheck tcp every 1s timeout 500ms');
  const options = { clients: { rate: 500, count: 500 }, trace: 'requests' as const };
  const script = [{ at: '10s', server: path(3), is: 'refusing' as const }];
  const { trace } = await simulate({ rules, ...options, script, for: '25s' });
  for (const line of trace) {
    const [, client, server] = /of client (\d+) goes to (\S+)/.exec(line) ?? [];
    if (client === undefined || server === undefined) continue;
    const servers = seen.get(client) ?? new Set();
    seen.set(client, servers.add(server));
  }
  for (const [client, servers] of seen) {
    if (servers.has(path(3))) assert.ok(servers.size <= 2, `client ${client} was at ${[...servers]}`);
    else assert.equal(servers.size, 1, `client ${client} was at ${[...servers]}`);
  }
});

test('least-response-time takes load from a server that has become slow', async () => {
  const rules = pool(10, 'balance least-response-time');
  const script = [{ at: '20s', server: path(0), slow: 10 }];
  const result = await simulate({ rules, clients: { rate: 400 }, script, for: '60s' });
  const [slow, other] = [result.servers[0]!, result.servers[1]!];
  const sum = (load: readonly number[], from: number) => load.slice(from).reduce((all, each) => all + each, 0);
  assert.ok(
    sum(slow.started, 30) < 0.35 * sum(other.started, 30),
    `${sum(slow.started, 30)}, ${sum(other.started, 30)}`,
  );
});

test('least-connections answers sooner than turns do where one server of ten is slow', async () => {
  const with_ = (strategy: string) => {
    const servers = { service: { exponential: '20ms' } as const, workers: 4, each: { [path(0)]: { slow: 5 } } };
    return simulate({ rules: pool(10, `balance ${strategy}`), clients: { rate: 600 }, servers, for: '30s' });
  };
  const [least, turns] = [await with_('least-connections'), await with_('round-robin')];
  assert.ok(least.latency.p99 < 0.2 * turns.latency.p99, `${least.latency.p99} and ${turns.latency.p99}`);
});

test('`first` fills a server to its max before it uses the next', async () => {
  const rules = pool(10, 'balance first', () => 'max 20');
  const { servers } = await simulate({ rules, clients: { rate: 500 }, servers: { service: '50ms' }, for: '20s' });
  const loads = servers.map(({ requests }) => requests);
  assert.ok(loads[0]! > loads[1]! && loads[1]! > loads[2]!, `${loads}`);
  assert.deepEqual(loads.slice(5), [0, 0, 0, 0, 0]);
  assert.ok(servers.every(({ mostOpen }) => mostOpen <= 20));
});
