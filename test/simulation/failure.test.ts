import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Condition, simulate } from 'sluice/simulation';
import { between, path, pool } from './pool.ts';

const SIZES = [
  {
    count: 10,
    rate: 300,
    check: 'check GET /healthz every 2s timeout 1s fall 3 rise 2',
    failsAt: 10,
    fallS: 3 * 3.2,
    runS: 30,
  },
  { count: 1000, rate: 3000, check: 'check tcp every 2s timeout 500ms fall 2', failsAt: 3, fallS: 2 * 2.7, runS: 12 },
  { count: 10_000, rate: 2000, check: 'check tcp every 4s timeout 500ms fall 1', failsAt: 4, fallS: 4.9, runS: 11 },
];

for (const { count, rate, check, failsAt, fallS, runS } of SIZES) {
  for (const is of (count > 1000 ? ['hung'] : ['refusing', 'hung', 'failing']) satisfies Condition[]) {
    test(`of ${count} servers one that is ${is} gets nothing once its check has failed often enough`, async () => {
      const lost = Array.from({ length: Math.ceil(count / 100) }, (_, index) => path(7 + 97 * index));
      const { servers, answers, failed } = await simulate({
        rules: pool(count, `balance least-connections\n${check}\ntimeout response 1s`),
        clients: { rate },
        script: [{ at: `${failsAt}s`, server: lost, is }],
        for: `${runS}s`,
      });
      const quiet = Math.ceil(failsAt + fallS);
      for (const server of servers) {
        const late = between(server, quiet, runS);
        if (lost.includes(server.path)) assert.equal(late, 0, `${server.path} got ${late} after ${quiet} s`);
      }
      // A refused connection is tried elsewhere, so nobody notices.
      if (is === 'refusing') assert.deepEqual(Object.keys(answers), ['200']);
      assert.ok(failed.every(({ atMs }) => atMs < quiet * 1000 + 1200));
      assert.ok(failed.every(({ server }) => lost.includes(server)));
    });
  }
}

/** Of each pool: its servers, requests a second, how many servers come back at once, and how long it is watched. */
const RETURNS = [
  { count: 10, rate: 300, back: 1, runS: 25 },
  { count: 1000, rate: 5000, back: 300, runS: 19 },
];

for (const { count, rate, back, runS } of RETURNS) {
  const of = `${back} of ${count} servers that come${back === 1 ? 's' : ''} back`;
  const returns = async (strategy: string, slowStart: string, takes: string) => {
    const lost = Array.from({ length: back }, (_, index) => path(2 + 3 * index));
    const { servers } = await simulate({
      rules: pool(count, `balance ${strategy}\ncheck tcp every 1s timeout 500ms\n${slowStart}`),
      clients: { rate },
      servers: { service: { exponential: takes } },
      script: [
        { at: '3s', server: lost, is: 'refusing' },
        { at: '7s', server: lost, is: 'well' },
      ],
      step: '200ms',
      for: `${runS}s`,
    });
    const parts = { first: 0, middle: 0, end: 0 };
    for (const { path, started } of servers) {
      if (!lost.includes(path)) continue;
      const began = started.findIndex((each, step) => step > 35 && each > 0);
      const part = (from: number, to: number) => {
        const got = started.slice(began + 5 * from, began + 5 * to).reduce((sum, each) => sum + each, 0);
        return got / ((rate / count) * (to - from) * lost.length);
      };
      parts.first += part(0, 1);
      parts.middle += part(3, 6);
      parts.end += part(8.4, 9.4);
    }
    return parts;
  };

  for (const strategy of ['round-robin', 'least-connections', 'random']) {
    for (const takes of ['20ms', '400ms']) {
      test(`${of} get their part little by little, by ${strategy}, answering in ${takes}`, async () => {
        const { first, middle, end } = await returns(strategy, 'slow start 8s', takes);
        const said = `${first} of the part in the first second, ${middle} in the middle, ${end} at the end`;
        assert.ok(first < 0.5, said);
        assert.ok(middle > 0.2 && middle < 0.85, said);
        assert.ok(end > 0.6, said);
      });
    }
  }

  test(`without slow start ${of} get all of their part at once, or more`, async () => {
    const { first } = await returns('least-connections', '', '400ms');
    assert.ok(first > 0.9, `${first} of the part in the first second`);
  });
}

/** Of each pool: its servers, requests a second, how many servers come back at once, and how they were lost. */
const TRUSTED = [
  { count: 10, rate: 300, back: 1, is: 'refusing' },
  { count: 10, rate: 300, back: 3, is: 'failing' },
  { count: 10, rate: 300, back: 1, is: 'hung' },
  { count: 1000, rate: 10_000, back: 300, is: 'failing' },
] as const;

for (const { count, rate, back, is } of TRUSTED) {
  test(`by least-response-time ${back} of ${count} servers that came back from being ${is} have their part at once, and no more`, async () => {
    const lost = Array.from({ length: back }, (_, index) => path(2 + 3 * index));
    const { servers } = await simulate({
      rules: pool(count, 'balance least-response-time\ncheck tcp every 1s timeout 500ms\ntimeout response 1s'),
      clients: { rate },
      servers: { service: { lognormal: '40ms' } },
      script: [
        { at: '5s', server: lost, is },
        { at: '15s', server: lost, is: 'well' },
      ],
      step: '500ms',
      for: '25s',
    });
    const parts = { first: 0, next: 0, mostOpen: 0 };
    for (const { path: name, started, open } of servers) {
      if (!lost.includes(name)) continue;
      const began = started.findIndex((each, step) => step > 30 && each > 0);
      const part = (from: number, to: number) =>
        started.slice(began + from, began + to).reduce((sum, each) => sum + each, 0) /
        ((rate / count) * ((to - from) / 2) * back);
      parts.first += part(0, 2);
      parts.next += part(2, 8);
      parts.mostOpen = Math.max(parts.mostOpen, ...open.slice(30));
    }
    const said = `${parts.first} of the part in the first second, ${parts.next} then, at most ${parts.mostOpen} open`;
    assert.ok(parts.first > 0.4 && parts.first < 1.6, said);
    // One server's part is a matter of luck: 0.7 to 1.4 over a dozen seeds.
    assert.ok(parts.next > 0.6 && parts.next < 1.5, said);
    assert.ok(parts.mostOpen <= 12, said);
  });
}

for (const balance of ['round-robin', 'least-connections', 'random', 'least-response-time', 'consistent-hash by ip']) {
  for (const [share, most] of [
    [0.01, 0],
    [0.3, 10],
    [0.9, 100],
  ] as const) {
    test(`${100 * share}% of 1000 servers refuse connections: by ${balance} all requests are answered once that is known`, async () => {
      const lost = Array.from({ length: 1000 * share }, (_, index) => path(Math.floor(index / share)));
      const { failed, servers, requests } = await simulate({
        rules: pool(1000, `balance ${balance}`),
        clients: { rate: 3000 },
        script: [{ at: '2s', server: lost, is: 'refusing' }],
        for: '10s',
      });
      // What was with a server when it died is another matter.
      const refused = failed.filter(({ status }) => status === 503);
      assert.ok(refused.length <= most, `${refused.length} of ${requests}`);
      assert.ok(
        refused.every(({ atMs }) => atMs < 2300),
        `the last at ${refused.at(-1)?.atMs}`,
      );
      const late = servers.filter((server) => lost.includes(server.path)).map((server) => between(server, 7, 10));
      const mean = late.reduce((sum, each) => sum + each, 0) / late.length;
      assert.ok(mean < 2, `each is still tried ${mean} times in three seconds`);
    });
  }
}

test('servers that all refuse connections are still tried, and share the load soon after they are back', async () => {
  const all = Array.from({ length: 10 }, (_, index) => path(index));
  const { servers, failed } = await simulate({
    rules: pool(10, 'balance round-robin'),
    clients: { rate: 300 },
    script: [
      { at: '5s', server: all, is: 'refusing' },
      { at: '15s', server: all, is: 'well' },
    ],
    for: '25s',
  });
  assert.ok(failed.every(({ atMs }) => atMs < 15_010));
  const loads = servers.map((server) => between(server, 20, 25));
  assert.ok(Math.min(...loads) > 0.9 * Math.max(...loads), `${loads}`);
});

test('a server that nothing can be reached of keeps a client waiting once in a while only', async () => {
  const { servers } = await simulate({
    rules: pool(10, 'balance round-robin\ntimeout connect 1s'),
    clients: { rate: 300 },
    script: [{ at: '5s', server: path(3), is: 'unreachable' }],
    for: '60s',
  });
  const tries = between(servers[3]!, 7, 60);
  assert.ok(tries >= 2 && tries <= 10, `${tries}`);
});

for (const [count, rate, most] of [
  [10, 500, 3],
  [1000, 20_000, 300],
  [10_000, 30_000, 3000],
] as const) {
  test(`of ${count} servers that all fail no more than ${most} are ejected`, async () => {
    const { trace } = await simulate({
      rules: pool(count, 'eject after 2 failures for 10s at most 30%'),
      clients: { rate },
      servers: { service: '5ms', errors: 1 },
      for: '1s',
    });
    let [out, mostOut] = [0, 0];
    for (const line of trace) {
      if (line.includes(' -> stopped: ejected')) mostOut = Math.max(mostOut, ++out);
      else if (line.includes(': its ejection is over')) out--;
    }
    assert.equal(mostOut, most);
  });
}

test('ejection takes out a failing server, for longer each time, and puts it back', async () => {
  const { trace, servers } = await simulate({
    rules: pool(10, 'eject after 5 failures for 3s at most 50%'),
    clients: { rate: 200 },
    script: [{ at: '2s', server: path(4), errors: 1 }],
    for: '30s',
  });
  const said = trace.filter((line) => line.includes('ejected for')).map((line) => /ejected for (\d+) s/.exec(line)![1]);
  assert.deepEqual(said.slice(0, 3), ['3', '6', '9']);
  assert.ok(servers[4]!.requests < 0.3 * servers[5]!.requests);
});

test('an open circuit spares a backend that fails, and closes when a trial is answered', async () => {
  const { trace, servers } = await simulate({
    rules: pool(3, 'break circuit over 50% errors of 20 in 5s for 2s'),
    clients: { rate: 200 },
    script: [
      { at: '5s', server: [path(0), path(1), path(2)], is: 'failing' },
      { at: '10s', server: [path(0), path(1), path(2)], is: 'well' },
    ],
    for: '20s',
  });
  const said = trace
    .filter((line) => line.includes(' circuit app '))
    .map((line) => line.split(' ')[3]!.replace(':', ''));
  assert.equal(said[0], 'open');
  assert.deepEqual(said.slice(-2), ['half-open', 'closed']);
  const during = servers.reduce((sum, server) => sum + between(server, 8, 9), 0);
  assert.ok(during <= 2, `${during} requests while it was open`);
  assert.ok(servers.every((server) => between(server, 15, 20) > 200));
});

test('a server gets its share as soon as its weight is set manually', async () => {
  const { servers } = await simulate({
    rules: pool(10, 'balance round-robin'),
    clients: { rate: 550 },
    script: [{ at: '10s', server: path(1), weight: 2 }],
    for: '20s',
  });
  const [one, other] = [between(servers[1]!, 10, 20), between(servers[2]!, 10, 20)];
  assert.ok(Math.abs(one / other - 2) < 0.02, `${one} and ${other}`);
});

test('no server has more requests than its max, and those that wait are answered in the end', async () => {
  const { servers, answers } = await simulate({
    rules: pool(10, 'balance least-connections\nqueue at most 1000\ntimeout queue 30s', () => 'max 5'),
    clients: { inLoop: 100 },
    step: '10ms',
    for: '10s',
  });
  assert.ok(servers.every(({ mostOpen }) => mostOpen === 5));
  assert.deepEqual(Object.keys(answers), ['200']);
});

const sticky = (stick: string, count = 10) => ({
  rules: pool(count, `balance least-connections\n${stick}\ncheck tcp every 1s timeout 500ms\nslow start 5s`),
  clients: { rate: 300, inLoop: 50, think: { exponential: '1s' } as const, count: 500 },
  servers: { cookie: 'sid' },
});

test('clients with an inserted cookie move only from a server that is out, and stay with the next', async () => {
  const { moves } = await simulate({
    ...sticky('stick with cookie srv'),
    script: [
      { at: '10s', server: path(3), is: 'refusing' },
      { at: '20s', server: path(3), is: 'well' },
      { at: '30s', server: path(4), admin: 'maint' },
      { at: '35s', server: path(5), is: 'hung' },
    ],
    for: '50s',
  });
  assert.ok(moves.length > 50);
  const causes = new Set(moves.map(({ because }) => because));
  assert.deepEqual([...causes].sort(), ['failed', 'maint', 'stopped']);
});

test('clients of a draining server stay, and no new ones come', async () => {
  const { moves, servers } = await simulate({
    ...sticky('stick on cookie sid'),
    clients: { ...sticky('').clients, sticky: 0.5 },
    script: [{ at: '10s', server: path(3), admin: 'drain' }],
    for: '20s',
  });
  assert.deepEqual(moves, []);
  const [before, after] = [between(servers[3]!, 5, 10), between(servers[3]!, 11, 16)];
  assert.ok(after > 0.2 * before && after < 0.8 * before, `${before}, then ${after}`);
});

test('a backend whose servers are all down falls back, and comes back', async () => {
  const rules = `
    listener web on 127.0.0.1:8080 { otherwise send to app }
    backend app { server s0 10.0.0.1:80; check tcp every 1s timeout 500ms; fall back to other when healthy below 1 }
    backend other of 10.0.1.1:80`;
  const { servers, answers } = await simulate({
    rules,
    clients: { rate: 100 },
    script: [
      { at: '5s', server: 'app/s0', is: 'refusing' },
      { at: '15s', server: 'app/s0', is: 'well' },
    ],
    for: '25s',
  });
  const other = servers.find((server) => server.path.startsWith('other/'))!;
  assert.equal(between(other, 0, 5), 0);
  assert.ok(between(other, 9, 15) > 500);
  assert.equal(between(other, 19, 25), 0);
  assert.deepEqual(Object.keys(answers), ['200']);
});
