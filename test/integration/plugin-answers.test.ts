/**
 * Answers of plugins that cannot be sent: 500 that names plugin and word, and the thread lives on.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PluginStage } from '../kit/index.ts';

/** X-Wish names the answer that a guard or a service gives. */
const GUARD = `
export default {
  name: 'wishes', apiVersion: 1, data: import.meta.url,
  words: [{ kind: 'verb', name: 'wish', doc: 'Answers as asked.', example: 'wish when path is /guard', part: 'guard',
    phase: 'request', takesCondition: true, args: [] }],
  components: [{ kind: 'component', slot: 'serve', name: 'wishes', doc: 'Answers as asked.', example: 'serve wishes', args: [] }],
};
const head = (more) => ({ status: 200, headers: [], body: 'x', ...more });
const guards = {
  good: () => head({}), created: () => head({ status: 201, headers: [['Content-Length', '1']] }),
  empty: () => head({ status: 204, body: '' }), unchanged: () => head({ status: 304, body: null }), none: () => null,
  undefined: () => undefined, promise: async () => head({}), rejected: async () => { throw new Error('late'); }, text: () => 'x',
  low: () => head({ status: 99 }), continue: () => head({ status: 100 }), switch: () => head({ status: 101 }),
  hint: () => head({ status: 103, body: null }), high: () => head({ status: 600 }), fraction: () => head({ status: 200.5 }),
  word: () => head({ status: '200' }), nan: () => head({ status: NaN }),
  body204: () => head({ status: 204 }), body304: () => head({ status: 304 }), bytes: () => head({ body: Buffer.from('x') }),
  nobody: () => ({ status: 200, headers: [] }), noheaders: () => ({ status: 200, body: 'x' }),
  object: () => head({ headers: { a: 'b' } }), pair: () => head({ headers: ['a: b'] }), number: () => head({ headers: [['A', 5]] }),
  name: () => head({ headers: [['a b', 'c']] }), split: () => head({ headers: [['a\\r\\nb', 'c']] }),
  value: () => head({ headers: [['A', 'b\\r\\nC: d']] }), zero: () => head({ headers: [['A', 'b\\0']] }),
  chunked: () => head({ headers: [['Transfer-Encoding', 'chunked']] }), length: () => head({ headers: [['Content-Length', '5']] }),
  closing: () => head({ headers: [['Connection', 'close']] }), upgrade: () => head({ headers: [['Upgrade', 'h2c']] }),
  throws: () => { throw new Error('no answer'); },
};
const bytes = Buffer.from('hello');
const made = (more) => ({ status: 200, headers: [], length: 5, body: bytes, ...more });
const stream = (more) => made({ body: { async read(into) { into.write('hello'); return 5; }, close() {}, ...more } });
const services = {
  good: () => made({}), later: async () => made({}), stream: () => stream({}), nothing: () => made({ length: 0, body: null }),
  unchanged: () => made({ status: 304, length: 0, body: Buffer.alloc(0) }),
  undefined: () => undefined, lateundefined: async () => undefined, text: () => 'x', throws: () => { throw new Error('no'); },
  rejects: async () => { throw new Error('no'); }, short: () => made({ length: 9 }), long: () => made({ length: 2 }),
  lateshort: async () => made({ length: 9 }), nolength: () => made({ length: undefined }), negative: () => made({ length: -1 }),
  nobody: () => made({ body: undefined }), string: () => made({ body: 'hello' }), half: () => made({ body: { read() {} } }),
  nothinglong: () => made({ body: null }), body204: () => made({ status: 204 }), body304: () => made({ status: 304 }),
  continue: () => made({ status: 100 }), low: () => made({ status: 99 }), value: () => made({ headers: [['A', 'b\\nC: d']] }),
  chunked: () => made({ headers: [['Transfer-Encoding', 'chunked']] }), headers: () => made({ headers: null }),
};
export const verbs = {
  wish: () => ({ kind: 'check', check: (facts) => guards[facts.header('x-wish')]() }),
};
export { serve as services };
const serve = { wishes: () => ({ answer: (request) => services[request.header('x-wish')]() }) };
export const names = { guards: Object.keys(guards), services: Object.keys(services) };
`;

const RULES = `
use wishes from "./wishes.js"
listener web on 127.0.0.1:0 {
  wish when path is /guard
  otherwise send to app
}
backend app { serve wishes }
`;

const GOOD = {
  guard: { good: 200, created: 201, empty: 204, unchanged: 304 },
  service: { good: 200, later: 200, stream: 200, nothing: 200, unchanged: 304 },
} as const;

const WRONG = {
  guard:
    'undefined promise rejected text low continue switch hint high fraction word nan body204 body304 bytes nobody noheaders object pair number name split value zero chunked length closing upgrade throws',
  service:
    'undefined lateundefined text throws rejects short long lateshort nolength negative nobody string half nothinglong body204 body304 continue low value chunked headers',
} as const;

for (const threads of [0, 1]) {
  for (const kind of ['guard', 'service'] as const) {
    describe(`with ${threads} threads, a ${kind}'s answer`, () => {
      test('that is right is sent, and every other is 500, named, and costs no thread', async (t) => {
        const stage = await PluginStage.start(t, { files: { 'wishes.js': GUARD }, rules: RULES, threads });
        const lost: unknown[] = [];
        stage.gateway.on('thread', (event) => lost.push(event));
        for (const [wish, status] of Object.entries(GOOD[kind])) {
          const { status: got } = await stage.ask(`/${kind}`, { 'x-wish': wish });
          assert.equal(got, status, wish);
        }
        for (const wish of WRONG[kind].split(' ')) {
          const { status, headers } = await stage.ask(`/${kind}`, { 'x-wish': wish });
          assert.equal(status, 500, wish);
          assert.equal(headers.get('c'), null);
        }
        assert.equal((await stage.ask(`/${kind}`, { 'x-wish': 'good' })).status, 200);
        const line = await stage.logged(
          kind === 'guard' ? /in verb wish of plugin wishes; .* 500$/ : /^serve wishes of plugin wishes/,
        );
        assert.equal(line.plugin, 'wishes');
        assert.match(line.error!, /it returned undefined, expected an answer with `status`/);
        assert.deepEqual(lost, []);
      });
    });
  }
}

test('a HEAD request to a service needs no bytes', async (t) => {
  const stage = await PluginStage.start(t, {
    files: { 'wishes.js': GUARD.replace('good: () => made({})', 'good: () => made({ body: Buffer.alloc(0) })') },
    rules: RULES,
  });
  const head = await stage.ask('/service', { 'x-wish': 'good' }, 'HEAD');
  assert.equal(head.status, 200);
  assert.equal(head.headers.get('content-length'), '5');
  assert.equal((await stage.ask('/service', { 'x-wish': 'good' })).status, 500);
});

test('error answers that cannot be sent are replaced by bare ones, with the status that they should have had', async (t) => {
  const pages = (answer: string) => `
    export default { name: 'pages', apiVersion: 1, data: import.meta.url, components: [
      { kind: 'component', slot: 'answer', name: 'pages', doc: 'Pages.', example: 'pages', args: [] }] };
    export const errorAnswers = { pages: () => (status) => (${answer}) };`;
  const rules =
    'use pages from "./pages.js"\nlistener web on 127.0.0.1:0 { deny path is / \n otherwise send to app }\nbackend app of 127.0.0.1:9';
  for (const answer of [
    'undefined',
    '{ status: 200, headers: [], body: "fine" }',
    '{ status, headers: [["A", "b\\r\\nC: d"]], body: "" }',
  ]) {
    const stage = await PluginStage.start(t, { files: { 'pages.js': pages(answer) }, rules });
    const { status, headers, body } = await stage.ask('/');
    assert.deepEqual([status, headers.get('c'), body], [403, null, '']);
    assert.equal((await stage.logged(/plugin pages could not make the answer to 403/)).plugin, 'pages');
  }
  const right = await PluginStage.start(t, {
    files: { 'pages.js': pages('{ status, headers: [], body: "own " + status }') },
    rules,
  });
  assert.equal((await right.ask('/')).body, 'own 403');
});

test('an action that its part of the rules cannot use is refused before it serves', async (t) => {
  const files = { 'wishes.js': GUARD.replace("kind: 'check', check:", "kind: 'change', change:") };
  await assert.rejects(PluginStage.start(t, { files, rules: RULES }), (error: Error) => {
    assert.match(
      error.message,
      /gateway\.sluice:4.*returned an action of kind `change`, expected `pass` or `answer` or `check` for a guard/,
    );
    return true;
  });
});

test('a change that returns a promise refuses the request', async (t) => {
  const files = {
    'late.js': `export default { name: 'late', apiVersion: 1, data: import.meta.url, words: [
      { kind: 'verb', name: 'tag', doc: 'Tags.', example: 'tag', part: 'change', phase: 'request', args: [] }] };
      export const verbs = { tag: () => ({ kind: 'change', async change(facts, fields) { fields.set('X-Tag', 'a'); } }) };`,
  };
  const rules = 'use late from "./late.js"\nlistener web on 127.0.0.1:0 { tag\n otherwise redirect 302 to "/" }';
  const stage = await PluginStage.start(t, { files, rules });
  assert.equal((await stage.ask('/')).status, 500);
  assert.match((await stage.logged(/verb tag of plugin late/)).error!, /the change returned a promise/);
});
