import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock, FakeEditor, FakeLog, FakePool, fakeFacts, fakeLinker } from '../src/index.ts';

test('a fake clock only moves on request, and fires timers in order', async () => {
  const clock = new FakeClock(1000);
  const calls: string[] = [];
  clock.set(() => calls.push(`late at ${clock.now()}`), 200);
  clock.set(() => {
    calls.push(`early at ${clock.now()}`);
    clock.set(() => calls.push(`then at ${clock.now()}`), 10);
  }, 100);
  clock.clear(clock.set(() => calls.push('never'), 50));
  assert.deepEqual([clock.size, clock.nextMs], [2, 1100]);
  await clock.advance(150);
  assert.deepEqual(calls, ['early at 1100', 'then at 1110']);
  await clock.advance(50);
  assert.deepEqual([calls.at(-1), clock.now(), clock.size], ['late at 1200', 1200, 0]);
});

test('facts take any address, fold names of headers, and remember what is memoised', () => {
  const facts = fakeFacts({ ip: '2001:db8::1', headers: { 'X-Team': 'red' } });
  assert.equal(facts.ip.text, '2001:db8::1');
  assert.equal(facts.header('x-team'), 'red');
  assert.equal(facts.header('X-Team'), undefined, 'the gateway knows names in lower case only');
  let made = 0;
  for (let time = 0; time < 2; time++) facts.memo('key', () => ++made);
  assert.equal(made, 1);
  assert.throws(() => fakeFacts({ ip: 'nobody' }), /`nobody` is not an IP address/);
});

test('facts of a response are there only if the test gives one', () => {
  assert.equal('status' in fakeFacts(), false);
  const facts = fakeFacts({ response: { status: 503, headers: { Server: 'x' } } });
  assert.deepEqual([facts.status, facts.answerHeader('server')], [503, 'x']);
  assert.equal(fakeFacts({ response: {} }).status, 200);
});

test('a linker resolves only the names that it was given', () => {
  const linker = fakeLinker({
    backends: ['app', 'api'],
    placeholders: { host: 'a.test' },
    maps: { tenants: { 'a.test': 1 } },
    waitMs: 5,
  });
  assert.equal(linker.backend('api'), 1);
  assert.throws(() => linker.backend('apo'), /unknown backend "apo"/);
  const template = linker.template({ template: ['for ', { placeholder: 'host', key: null }] });
  assert.equal(template(fakeFacts()), 'for a.test');
  assert.equal(linker.map('tenants')('a.test'), 1);
  assert.throws(() => linker.map('none'), /unknown map "none"/);
  assert.equal(linker.rates.take('rule', 'key', 1, 1), 5);
});

test('an editor holds what a change leaves', () => {
  const editor = new FakeEditor({ path: '/a', query: 'b', headers: { 'X-A': '1', 'X-B': ['2', '3'] } });
  editor.add('x-a', '4');
  editor.remove('X-B');
  editor.set('X-C', '5');
  editor.setPath('/z');
  editor.setQuery('');
  assert.deepEqual([editor.header('x-a'), editor.header('x-b'), editor.header('x-c')], [['1', '4'], undefined, '5']);
  assert.deepEqual([editor.path, editor.query], ['/z', '']);
});

test('a pool notifies its watcher of every change, and skips unavailable servers', () => {
  const pool = new FakePool([1, 2, 0]);
  const heard: number[] = [];
  pool.watch({ changed: (index) => heard.push(index) });
  assert.deepEqual(
    [0, 1, 2].map((index) => pool.isCandidate(index)),
    [true, true, false],
  );
  pool.setWeight(2, 4);
  pool.setShare(2, 0.5);
  assert.deepEqual([pool.weight(2), pool.fullWeight(2), pool.totalWeight], [2, 4, 5]);
  pool.maxes[0] = 1;
  pool.setOpen(0, 1);
  assert.equal(pool.nextUsable(0), 1);
  pool.tried.add(1);
  assert.equal(pool.nextUsable(0), 2);
  pool.setUp(2, false);
  assert.equal(pool.nextUsable(0), -1);
  assert.deepEqual(heard.slice(0, 3), [2, 2, 0]);
  assert.equal(pool.indexOfSlot(pool.slot(1)), 1);
});

test('a log keeps levels, messages and fields', () => {
  const log = new FakeLog();
  log.debug('quiet');
  log.warn('loud', { times: 2 });
  assert.deepEqual(log.lines[1], { level: 'warn', message: 'loud', fields: { times: 2 } });
  assert.deepEqual(log.messages, ['loud']);
});
