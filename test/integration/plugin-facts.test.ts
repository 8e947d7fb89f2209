/**
 * Facts that a plugin keeps: they are one client's, and of no use once its request has ended.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { PluginStage } from '../kit/index.ts';

/** Keeps the rights of each request by its facts, as an author would who works them out once. */
const KEEPING = `
const word = (name) => ({ kind: 'field', name, doc: 'Who asks.', example: name + ' is admin', phase: 'request', type: 'text',
  operators: ['is'], defaultOperator: 'is', index: 'none' });
const verb = (name, part) => ({ kind: 'verb', name, doc: 'Says.', example: name, part, phase: 'request', args: [], isForAnswers: part === 'change' });
export default { name: 'rights', apiVersion: 1, data: import.meta.url,
  words: [word('role'), word('again'), word('stale'), word('worked'), verb('tell', 'guard'), verb('note', 'change')],
  components: [{ kind: 'component', slot: 'serve', name: 'late', doc: 'Later.', example: 'serve late', args: [] }] };
const known = new WeakMap(); const map = new Map(); const kept = []; const key = Symbol(); let made = 0;
const roleOf = (facts) => facts.header('x-role') ?? 'nobody';
export const fields = {
  role(facts) {
    kept.push(facts);
    if (!known.has(facts)) known.set(facts, roleOf(facts));
    if (!map.has(facts)) map.set(facts, roleOf(facts));
    if (map.get(facts) !== known.get(facts)) throw new Error('two rights');
    return known.get(facts);
  },
  again: (facts) => known.get(facts) ?? 'unknown',
  stale(facts) {
    const said = kept.filter((each) => each !== facts).map((each) => {
      try { return [each.path, each.header('x-role'), each.memo(1, () => 1)].join(); } catch (error) { return error.message; }
    });
    return [...new Set(said)].join();
  },
  worked: (facts) => String(facts.memo(key, () => ++made)),
};
export const verbs = {
  tell: () => ({ kind: 'answer', answer: (facts) => ({ status: 200, headers: [],
    body: [fields.role(facts), fields.stale(facts), facts.memo(key, () => ++made), facts.memo(key, () => ++made)].join(' | ') }) }),
  note: () => ({ kind: 'change', change: (facts, fields) => {
    fields.set('X-Again', known.get(facts) ?? 'unknown');
    fields.set('X-Status', String(facts.status));
    const late = facts;
    globalThis.lateAnswer = () => late.answerHeader('x-status');
  } }),
};
export const services = { late: () => ({ async answer(request) {
  const said = request.header('x-role');
  await new Promise((resolve) => setImmediate(resolve));
  const body = Buffer.from(said + request.header('x-role'));
  globalThis.lateHeader = () => request.header('x-role');
  return { status: 200, headers: [], length: body.length, body };
} }) };
`;

const rules = (body: string, rest = '') =>
  `use rights from "./rights.js"\nlistener web on 127.0.0.1:0 {\n${body}\n}\n${rest}`;

/** On one connection, so that everything that can be used again is. */
async function several(stage: PluginStage, requests: readonly string[]): Promise<string[]> {
  const { host, port } = stage.gateway.addresses().web as { host: string; port: number };
  const socket = connect(port, host);
  socket.write(requests.map((head) => `GET / HTTP/1.1\r\nHost: a\r\n${head}\r\n`).join(''));
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  let text = '';
  for await (const chunk of socket.setEncoding('latin1')) text += chunk;
  return text.split('HTTP/1.1 ').slice(1, requests.length + 1);
}

test('a plugin that keeps facts in a WeakMap or a Map never gives one client the rights of another', async (t) => {
  const stage = await PluginStage.start(t, {
    files: { 'rights.js': KEEPING },
    rules: rules(
      'deny when role is nobody\n redirect 302 to "/{role}/{again}" when role is admin\n otherwise redirect 302 to "/plain"',
    ),
  });
  const answers = await several(stage, ['X-Role: admin\r\n', '', 'X-Role: user\r\n', '', 'X-Role: admin\r\n']);
  assert.deepEqual(
    answers.map((text) => `${text.slice(0, 3)} ${/Location: (.*)\r/.exec(text)?.[1] ?? ''}`),
    ['302 /admin/admin', '403 ', '302 /plain', '403 ', '302 /admin/admin'],
  );
});

test('facts of a finished request reveal nothing about another', async (t) => {
  const stage = await PluginStage.start(t, {
    files: { 'rights.js': KEEPING },
    rules: rules('tell when path is /\n otherwise redirect 302 to "/"'),
  });
  const [first, second, third] = (await several(stage, ['X-Role: a\r\n', 'X-Role: b\r\n', 'X-Role: c\r\n'])).map(
    (text) => text.split('\r\n\r\n')[1],
  );
  const ended = 'the request has ended: facts are known only while it lives';
  assert.deepEqual([first, second, third], ['a |  | 1 | 1', `b | ${ended} | 2 | 2`, `c | ${ended} | 3 | 3`]);
});

test('what `memo` keeps is kept for one request, for all functions', async (t) => {
  const stage = await PluginStage.start(t, {
    files: { 'rights.js': KEEPING },
    rules: rules('otherwise redirect 302 to "/{worked}/{worked}"'),
  });
  const answers = await several(stage, ['', '']);
  assert.deepEqual(
    answers.map((text) => /Location: (.*)\r/.exec(text)?.[1]),
    ['/1/1', '/2/2'],
  );
});

test('inside `on response` the facts are the same object, with the response, which is not visible afterwards', async (t) => {
  const stage = await PluginStage.start(t, {
    files: { 'rights.js': KEEPING },
    rules: rules('deny when role is admin\n on response { note }\n otherwise redirect 302 to "/"'),
  });
  const { status, headers } = await stage.ask('/', { 'x-role': 'admin' });
  assert.deepEqual([status, headers.get('x-again'), headers.get('x-status')], [403, 'admin', '403']);
  const late = (globalThis as unknown as { lateAnswer: () => string }).lateAnswer;
  assert.throws(late, /the answer is known only inside `on response`|the request has ended/);
});

test('a service may read headers for as long as its request lives', async (t) => {
  const stage = await PluginStage.start(t, {
    files: { 'rights.js': KEEPING },
    rules: rules('otherwise send to app', 'backend app { serve late }'),
  });
  assert.equal((await stage.ask('/', { 'x-role': 'a' })).body, 'aa');
  const late = (globalThis as unknown as { lateHeader: () => string }).lateHeader;
  await stage.ask('/', { 'x-role': 'b' });
  assert.equal((await stage.ask('/', { 'x-role': 'c' })).body, 'cc');
  assert.throws(late, /the request has ended/);
});
