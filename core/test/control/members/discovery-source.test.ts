/** One source of servers: a clock that the test moves, and answers that it gives. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { DiscoveryPlan } from '@sluice/dsl/plan';
import { FakeClock } from '@sluice/plugin-kit';
import { type DiscoveryEvent, DiscoverySource } from '../../../src/control/members/discovery-source.ts';
import type { Discovery, Finding, Question } from '../../../src/plugin/discovery.ts';
import { pluginErrors } from '../../../src/plugin/plugin-error.ts';
import { PLACE } from '../fixtures/plans.ts';

let timers: FakeClock;
let events: DiscoveryEvent[];
let changes: number;
let asked: { readonly at: number; readonly memory: unknown }[];
let isBackendEmpty: boolean;
let answer: (question: Question) => Promise<Finding>;

const found = (...hosts: string[]): Finding => ({
  servers: hosts.map((host) => ({ address: { host, port: 80 } })),
  againMs: 1000,
});

beforeEach(() => {
  timers = new FakeClock();
  events = [];
  changes = 0;
  asked = [];
  isBackendEmpty = false;
  answer = async () => found('a');
});

function source(policy: Partial<DiscoveryPlan> = {}, traits: Partial<Discovery> = {}): DiscoverySource {
  const plan: DiscoveryPlan = {
    use: { slot: 'discovery', name: 'test', options: {}, place: PLACE },
    source: 'test',
    weight: 1,
    max: 0,
    isBackup: false,
    most: 1000,
    graceMs: null,
    keepMs: null,
    waitMs: 5000,
    place: PLACE,
    ...policy,
  };
  return new DiscoverySource({
    backend: 'app',
    plan,
    component: {
      ...traits,
      find: (question) => {
        asked.push({ at: timers.now(), memory: question.memory });
        return answer(question);
      },
    },
    timers,
    random: () => 0,
    isBackendEmpty: () => isBackendEmpty,
    changed: () => changes++,
    emit: (event) => events.push(event),
  });
}

const namesOf = (one: DiscoverySource): string => one.servers.map(({ name }) => name).join(' ');

test('the same servers in another order are no change', async () => {
  const one = source();
  answer = async () => found('a', 'b', 'c');
  one.start();
  await timers.advance(0);
  answer = async () => found('c', 'a', 'b');
  await timers.advance(1000);
  assert.equal(asked.length, 2);
  assert.equal(changes, 1);
  assert.equal(namesOf(one), 'a:80 b:80 c:80');
});

test('a source that shows its servers in turn changes nothing within the grace', async () => {
  const one = source({ graceMs: 2500 });
  answer = async () => found('a', 'b', 'c');
  one.start();
  await timers.advance(0);
  let turn = 0;
  answer = async () => found(['a', 'b', 'c'][turn++ % 3]!);
  await timers.advance(20_000);
  assert.ok(asked.length > 15);
  assert.equal(changes, 1);
});

test('a server that is missing goes when its grace is over, also between two answers', async () => {
  const one = source({ graceMs: 2500 });
  answer = async () => found('a', 'b');
  one.start();
  await timers.advance(0);
  answer = async () => ({ ...found('a'), againMs: 60_000 });
  await timers.advance(1000);
  await timers.advance(2499);
  assert.equal(namesOf(one), 'a:80 b:80');
  await timers.advance(1);
  assert.equal(namesOf(one), 'a:80');
  assert.match(one.why(), /^missing from test for 2500 ms$/);
  assert.deepEqual(events.at(-1), { backend: 'app', source: 'test', isOk: true, servers: 1, reason: '1 server' });
});

test('no server is removed while the source fails', async () => {
  const one = source({ graceMs: 2500 });
  answer = async () => found('a', 'b');
  one.start();
  await timers.advance(0);
  answer = async () => found('a');
  await timers.advance(1000);
  answer = async () => {
    throw new Error('broken');
  };
  await timers.advance(60_000);
  assert.equal(namesOf(one), 'a:80 b:80');
});

test('failures are reported once per reason, and retried after 1, 2, 4 … 60 s', async () => {
  const one = source();
  one.start();
  await timers.advance(0);
  answer = async () => {
    throw new Error('broken');
  };
  await timers.advance(250_000);
  const waits = asked.slice(1).map(({ at }, index) => at - asked[index]!.at);
  assert.deepEqual(waits.slice(0, 9), [1000, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  assert.equal(events.length, 2);
  assert.deepEqual(events[1], { backend: 'app', source: 'test', isOk: false, servers: 1, reason: 'broken' });
  answer = async () => found('a');
  await timers.advance(60_000);
  assert.equal(events.at(-1)!.isOk, true);
  assert.equal(changes, 1);
});

test('what fails with a code of the plugin is reported with it', async () => {
  const one = source();
  one.start();
  await timers.advance(0);
  const findError = pluginErrors({ FIND0001: { message: 'the name has no addresses', fix: 'Check the name.' } });
  answer = async () => {
    throw findError('FIND0001', {});
  };
  await timers.advance(1000);
  const { code, reason } = events.at(-1)!;
  assert.deepEqual([code, reason], ['FIND0001', 'the name has no addresses']);
  answer = async () => found('a');
  await timers.advance(60_000);
  assert.equal('code' in events.at(-1)!, false);
});

test('while a backend has no server at all, a source that fails is asked every 5 s', async () => {
  const one = source();
  isBackendEmpty = true;
  answer = async () => {
    throw new Error('broken');
  };
  one.start();
  await timers.advance(60_000);
  const waits = asked.slice(1).map(({ at }, index) => at - asked[index]!.at);
  assert.deepEqual(waits.slice(0, 6), [1000, 2000, 4000, 5000, 5000, 5000]);
});

test('a source that is far apart from its next question is asked soon when its backend loses its last server', async () => {
  const one = source();
  answer = async () => {
    throw new Error('broken');
  };
  one.start();
  await timers.advance(64_000);
  const questions = asked.length;
  one.hurry();
  await timers.advance(5000);
  assert.equal(asked.length, questions, 'others of its backend still serve');
  isBackendEmpty = true;
  one.hurry();
  await timers.advance(4999);
  assert.equal(asked.length, questions);
  await timers.advance(1);
  assert.equal(asked.length, questions + 1);
});

test('without a valid answer, the last one is used for as long as `keep` allows, and servers return with the next valid answer', async () => {
  const one = source({ keepMs: 10_000 });
  answer = async () => ({ ...found('a'), memory: 'tag' });
  one.start();
  await timers.advance(0);
  answer = async () => {
    throw new Error('broken');
  };
  await timers.advance(9_000);
  assert.equal(namesOf(one), 'a:80');
  await timers.advance(60_000);
  assert.equal(namesOf(one), '');
  assert.equal(one.why(), 'no good answer from test for 10 s');
  answer = async ({ memory }) => (memory === 'tag' ? { servers: null, againMs: 1000 } : found('a'));
  await timers.advance(60_000);
  assert.equal(namesOf(one), 'a:80');
});

test('`keep 0s` keeps servers forever', async () => {
  const one = source({ keepMs: 0 }, { keepMs: 1000 });
  one.start();
  await timers.advance(0);
  answer = async () => {
    throw new Error('broken');
  };
  await timers.advance(86_400_000);
  assert.equal(namesOf(one), 'a:80');
});

test('a query that is never answered fails at its time limit, and its signal is aborted', async () => {
  let isAborted = false;
  answer = ({ signal }) => {
    signal.addEventListener('abort', () => {
      isAborted = true;
    });
    return new Promise(() => {});
  };
  const one = source({}, { limitMs: 3000 });
  one.start();
  await timers.advance(3000);
  assert.equal(isAborted, true);
  assert.equal(one.stats().reason, 'no answer within 3 s');
});

test('a start waits for the first answer, and no longer than it may', async () => {
  let reply: (finding: Finding) => void = () => {};
  answer = () => new Promise((resolve) => (reply = resolve));
  const one = source();
  one.start();
  let isOver = false;
  void one.answered(5000).then(() => {
    isOver = true;
  });
  await timers.advance(4999);
  assert.equal(isOver, false);
  await timers.advance(1);
  assert.equal(isOver, true);
  reply(found('a'));
  await timers.advance(0);
  assert.equal(namesOf(one), 'a:80');
  await one.answered(5000);
});

test('after stop, nothing is queried, applied or reported', async () => {
  let reply: (finding: Finding) => void = () => {};
  answer = () => new Promise((resolve) => (reply = resolve));
  const one = source();
  one.start();
  await timers.advance(0);
  one.stop();
  reply(found('a'));
  await timers.advance(100_000);
  assert.deepEqual([asked.length, changes, events.length, timers.size], [1, 0, 0, 0]);
  await one.answered(5000);
});

const WRONG: Readonly<Record<string, readonly [Finding['servers'], RegExp]>> = {
  'too many': [
    Array.from({ length: 1001 }, (_, at) => ({ address: { host: `h${at}`, port: 80 } })),
    /^1001 servers, at most 1000/,
  ],
  'a port of 0': [[{ address: { host: 'a', port: 0 } }], /^server 1 of 1 has no port/],
  'a port of 65536': [[{ address: { host: 'a', port: 65536 } }], /has no port/],
  'a weight of -1': [[{ address: { host: 'a', port: 80 }, weight: -1 }], /weight that is not 0 to 256/],
  'a weight of 1.5': [[{ address: { host: 'a', port: 80 }, weight: 1.5 }], /weight/],
  'a max that is no number': [[{ address: { host: 'a', port: 80 }, max: Number.NaN }], /max/],
  'a name with a blank': [[{ address: { host: 'a', port: 80 }, name: 'a b' }], /name that is not one/],
  'a name twice': [
    [
      { address: { host: 'a', port: 80 }, name: 'x' },
      { address: { host: 'b', port: 80 }, name: 'x' },
    ],
    /^server 2 of 2 has the name of another one$/,
  ],
  'an address twice': [
    [{ address: { host: 'a', port: 80 }, name: 'x' }, { address: { host: 'a', port: 80 } }],
    /^server 2 of 2 has the address of another one$/,
  ],
};
for (const [what, [servers, reason]] of Object.entries(WRONG)) {
  test(`an answer with ${what} is refused as a whole`, async () => {
    const one = source();
    one.start();
    await timers.advance(0);
    answer = async () => ({ servers, againMs: 1000 });
    await timers.advance(1000);
    assert.equal(namesOf(one), 'a:80');
    assert.match(one.stats().reason, reason);
  });
}
