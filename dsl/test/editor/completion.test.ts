import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completeAt, RuleDocument, RuleProject } from '../../src/editor/index.ts';
import { createVocabulary } from '../../src/vocabulary/index.ts';
import { REALISTIC } from '../realistic.ts';
import { WORDS } from '../words.ts';
import { inListener, marked, proposed } from './marked.ts';

/** has asserts that all of these are proposed. */
function has(text: string, ...wanted: string[]): void {
  const labels = proposed(text);
  for (const label of wanted) assert.ok(labels.includes(label), `no \`${label}\` among ${labels.join(', ')}`);
}

/** lacks asserts that none of these is. */
function lacks(text: string, ...unwanted: string[]): void {
  const labels = proposed(text);
  for (const label of unwanted) assert.ok(!labels.includes(label), `\`${label}\` is proposed`);
}

test('the top of a file takes sections and definitions, and no verb', () => {
  has('<|>', 'listener', 'backend', 'define', 'list', 'use', 'settings');
  lacks('<|>', 'deny', 'server');
  has('backend app of 127.0.0.1:1\n<|>', 'listener');
  has('lis<|>', 'listener', 'list');
});

test('a line of a listener begins with a setting, a verb or otherwise', () => {
  const labels = proposed(inListener('  <|>'));
  for (const label of ['timeout', 'client ip', 'deny', 'send', 'set header', 'otherwise'])
    assert.ok(labels.includes(label));
  assert.ok(!labels.includes('server'));
  assert.ok(!labels.includes('path'));
});

test('a line of a backend and of the settings has words of its own', () => {
  has('backend app {\n  <|>\n}', 'server', 'balance', 'stick', 'check', 'retry');
  lacks('backend app {\n  <|>\n}', 'deny', 'threads');
  has('settings { <|> }', 'threads', 'drain');
  lacks('settings { threads 4; <|> }', 'server');
});

test('a tcp listener proposes nothing that needs a request', () => {
  const text = 'listener db on :5432 tcp {\n  <|>\n}';
  has(text, 'send', 'connections at most');
  lacks(text, 'redirect', 'body at most', 'set header');
});

test('otherwise takes only what may end the routes', () => {
  has(inListener('  otherwise <|>'), 'send', 'redirect');
  lacks(inListener('  otherwise <|>'), 'allow', 'set header');
});

test('after a guard come conditions, with fields and definitions first', () => {
  has(inListener('  deny <|>'), 'ip', 'path', 'header', 'admin', 'not', 'all', 'when', '404');
  has(inListener('  deny when <|>'), 'ip', 'admin', 'not');
  lacks(inListener('  deny when <|>'), 'when', 'send', 'and');
  has(inListener('  deny admin and not <|>'), 'ip', 'admin');
});

test('after a field come its operators and values', () => {
  has(inListener('  deny path <|>'), 'is', 'under', 'starts', 'matches');
  lacks(inListener('  deny path <|>'), 'between', 'present', 'and');
  has(inListener('  deny header <|>'), 'User-Agent', 'X-Forwarded-For');
  has(inListener('  deny header X-Team <|>'), 'is', 'contains', 'present', 'absent');
  has(inListener('  deny method <|>'), 'POST', 'TRACE', 'is');
  has(inListener('  deny method TRACE, <|>'), 'CONNECT');
  has(inListener('  deny ip <|>'), 'office');
  has(inListener('  deny ip in <|>'), 'office');
});

test('after a complete test come and, or, anycase', () => {
  has(inListener('  deny header X-Team is blue <|>'), 'and', 'or', 'anycase');
  lacks(inListener('  deny ip 10.0.0.0/8 <|>'), 'anycase', 'when');
  has(inListener('  deny (ip 10.0.0.0/8 or <|>'), 'path', 'not');
});

test('arguments: statuses, backends, header names, labels', () => {
  has(inListener('  send to <|>'), 'app', 'api');
  lacks(inListener('  send to <|>'), 'office', 'admin');
  has(inListener('  send to api <|>'), 'when');
  has(inListener('  redirect <|>'), '301', '308', 'to');
  lacks(inListener('  redirect 301 <|>'), '308');
  has(inListener('  set header <|>'), 'Strict-Transport-Security');
  has(inListener('  set header X-A <|>'), 'to');
  has(inListener('  client ip from header X-Forwarded-For trust <|>'), 'office');
});

test('the rest of a name of several words is proposed', () => {
  has(inListener('  set <|>'), 'header');
  has(inListener('  client <|>'), 'ip');
  has(inListener('  client ip from <|>'), 'header');
  has('backend app {\n  retry 2 on connect-failure using <|>\n}', 'another server');
});

test('components are proposed after their setting, and options after components', () => {
  has('backend app {\n  balance <|>\n}', 'round-robin', 'least-connections');
  has('backend app {\n  stick <|>\n}', 'on cookie');
  has('backend app {\n  stick on cookie sid <|>\n}', 'ttl');
  has('backend app {\n  stick on cookie sid ttl <|>\n}', '1h');
  has('backend app {\n  check <|>\n}', 'http', 'tcp', 'GET');
  has('backend app {\n  check GET /healthz <|>\n}', 'every', 'timeout', 'expect', 'fall');
  lacks('backend app {\n  check GET /healthz every 2s <|>\n}', 'every');
  has('backend app {\n  server web1 127.0.0.1:1 <|>\n}', 'weight', 'max', 'backup');
});

test('head lines of sections', () => {
  has('listener web <|>', 'on');
  has('backend app <|>', 'of');
  has('list a = <|>', 'ips');
  has('use geo <|>', 'from');
  has('define a = <|>', 'path', 'not', 'all');
});

test('in a string, only placeholders are proposed, after a brace', () => {
  const text = inListener('  redirect 301 to "https://{<|>');
  has(text, '{host}', '{path}', '{header.');
  assert.deepEqual(proposed(inListener('  redirect 301 to "ab<|>c"')), []);
});

test('nothing is proposed in a comment', () => {
  assert.deepEqual(proposed(inListener('  # de<|>')), []);
  assert.deepEqual(proposed(inListener('  deny all # when <|>')), []);
});

test('a continued line is one line', () => {
  has(inListener('  deny ip 10.0.0.0/8 and\n    <|>'), 'path', 'not');
  has(inListener('  deny method TRACE,\n    <|>'), 'CONNECT');
});

test('the word before the cursor is what a proposal replaces', () => {
  const { project, document, offset } = marked(inListener('  send to ap<|>'));
  const { span, proposals } = completeAt(project, document, offset);
  assert.equal(document.text.slice(span.start, span.end), 'ap');
  assert.deepEqual(
    proposals.filter(({ kind }) => kind === 'name').map(({ label, detail }) => [label, detail]),
    [
      ['app', 'backend app'],
      ['api', 'backend api of 127.0.0.1:9002'],
    ],
  );
});

test('each proposal of a word has its documentation', () => {
  const { project, document, offset } = marked(inListener('  <|>'));
  for (const { label, kind, doc } of completeAt(project, document, offset).proposals) {
    assert.notEqual(doc, '', `${kind} ${label}`);
  }
});

test('every place of a whole file, cut off there, can be completed', () => {
  const vocabulary = createVocabulary(WORDS);
  for (let end = 0; end <= REALISTIC.length; end += 3) {
    const document = new RuleDocument('cut.sluice', REALISTIC.slice(0, end));
    const { span } = completeAt(new RuleProject(vocabulary, [document]), document, end);
    assert.ok(span.start <= end && span.end === end);
  }
});

test('the next word of a right file is among the proposals wherever words can be counted', () => {
  const scheme = WORDS.find(({ name }) => name === 'scheme')!;
  const vocabulary = createVocabulary([...WORDS, { ...scheme, name: 'country' }]);
  const document = new RuleDocument('whole.sluice', REALISTIC);
  const project = new RuleProject(vocabulary, [document]);
  let seen = 0;
  for (const line of document.lines()) {
    for (const { start, kind, value } of line.words) {
      const role = project.wordAt(document, start)?.role;
      const isCounted = role?.kind === 'keyword' || role?.kind === 'field' || role?.kind === 'operator';
      if (kind !== 'word' || !isCounted || value === 'tcp') continue;
      const labels = completeAt(project, document, start).proposals.map(({ label }) => label);
      assert.ok(labels.includes(value), `\`${value}\` at ${REALISTIC.slice(line.start, start)}‸`);
      seen++;
    }
  }
  assert.ok(seen > 40, `${seen} words`);
});

test('after `per ip` come prefixes, then the rest of the line', () => {
  has(inListener('  limit 20/s per ip <|>'), '/24', 'ipv6', 'burst', 'when');
  has(inListener('  limit 20/s per ip /24 <|>'), 'ipv6', 'burst', 'when');
  has(inListener('  limit 20/s per ip /24 ipv6 <|>'), '/56');
  has(inListener('  limit 20/s per ip /24 ipv6 /56 <|>'), 'burst', 'when');
  has(inListener('  connections at most 5 per ip <|>'), '/24', 'ipv6');
  lacks(inListener('  limit 20/s per host <|>'), '/24', 'ipv6');
});

test('maps, keys of limits, and fields that are read', () => {
  has('map a = <|>', 'host', 'ip');
  lacks('map a = <|>', 'backend');
  has('map a = host to <|>', 'backend', 'number');
  has('map a = host to backend from "a.map" <|>', 'else', 'refresh');
  has(inListener('  limit 20/s <|>'), 'burst', 'per');
  has(inListener('  limit 20/s per <|>'), 'ip', 'header', 'global');
  has(inListener('  limit 20/s per header <|>'), 'Authorization');
  has(inListener('  limit 20/s per header X-Key <|>'), 'when', 'burst');
});

test('a test block has words of its own, and the names of the file', () => {
  const inTest = (line: string): string => `${inListener('  otherwise send to app')}test "a" {\n  ${line}\n}\n`;
  has(inTest('<|>'), 'given', 'expect');
  has(inTest('given <|>'), 'ip', 'GET', 'header');
  has(inTest('given ip 10.0.0.1, <|>'), 'POST', 'listener');
  has(inTest('given GET https://a.example.com/, header <|>'), 'User-Agent');
  has(inTest('expect <|>'), 'deny', 'send', 'redirect');
  has(inTest('expect send to <|>'), 'app', 'api');
  has(inTest('expect deny 404 by <|>'), 'admin', 'office');
});

test('fields of the answer are proposed only where there is one', () => {
  has(inListener('  on response {\n    set header A to "b" when <|>\n  }'), 'status', 'path');
  lacks(inListener('  deny <|>'), 'status');
});

test('environment variables and secrets', () => {
  has(inListener('  set header X-A to <|>'), 'env', 'secret');
  has(inListener('  set header X-A to secret "token" <|>'), 'when');
});

test('a test proposes connections, and fields of their hello', () => {
  const text = (line: string): string => `test "a" {\n  ${line}\n}`;
  has(text('given <|>'), 'GET', 'ip', 'tcp', 'sni', 'alpn', 'header', 'listener');
  has(text('given tcp <|>'), 'to');
  has(text('given tcp to :443, sni <|>'), 'absent');
  has(text('given tcp to :443, alpn <|>'), 'h2', 'http/1.1');
});
