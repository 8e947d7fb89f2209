import assert from 'node:assert/strict';
import { test } from 'node:test';
import { definitionAt, hoverAt, RenameError, referencesAt, renameAt, renameableAt } from '../../src/editor/index.ts';
import { inListener, type Marked, marked } from './marked.ts';

/** at shows a place as the line it stands in, with brackets around it. */
function shown({ document }: Marked, span: { start: number; end: number } | null): string | null {
  if (span === null) return null;
  const { text } = document;
  const from = text.lastIndexOf('\n', span.start - 1) + 1;
  const to = text.indexOf('\n', span.end);
  const line = `${text.slice(from, span.start)}[${text.slice(span.start, span.end)}]${text.slice(span.end, to)}`;
  return line.trim();
}

function definition(text: string): string | null {
  const at = marked(text);
  return shown(at, definitionAt(at.project, at.document, at.offset));
}

test('a name leads to where it is given', () => {
  assert.equal(definition(inListener('  send to a<|>pi')), 'backend [api] of 127.0.0.1:9002');
  assert.equal(definition(inListener('  deny not ad<|>min')), 'define [admin] = path under /admin');
  assert.equal(definition(inListener('  deny ip office<|>')), 'list [office] = ips 203.0.113.0/24');
  assert.equal(definition(inListener('  deny ip 10.0.0.0/8, off<|>ice')), 'list [office] = ips 203.0.113.0/24');
  assert.equal(definition(inListener('  deny missing<|>')), null);
  assert.equal(definition(inListener('  de<|>ny admin')), null);
});

test('a name in another file is found there', () => {
  const at = marked('listener web on :80 {\n  deny ip off<|>ice\n}', {
    'lists.sluice': 'list office = ips 10.0.0.1\n',
  });
  assert.deepEqual(definitionAt(at.project, at.document, at.offset), { file: 'lists.sluice', start: 5, end: 11 });
});

test('all uses of a name are found, and no other names of the same spelling', () => {
  const text = inListener('  deny header app is app\n  send to app when path is /app\n  otherwise send to a<|>pp');
  const at = marked(text);
  const found = referencesAt(at.project, at.document, at.offset, true).map((span) => shown(at, span));
  assert.deepEqual(found, [
    'map tenants = host to backend from "tenants.map" else [app]',
    'send to [app] when path is /app',
    'otherwise send to [app]',
    'backend [app] { server web1 127.0.0.1:9001 }',
  ]);
  assert.equal(referencesAt(at.project, at.document, at.offset, false).length, 3);
});

test('servers of two backends may share a name', () => {
  const text = 'backend a { server w<|>eb 127.0.0.1:1 }\nbackend b { server web 127.0.0.1:2 }\n';
  const at = marked(text);
  assert.equal(referencesAt(at.project, at.document, at.offset, true).length, 1);
});

test('a new name is given everywhere, and refused where it is taken or none', () => {
  const at = marked(inListener('  deny off<|>ice\n  deny ip office\n  otherwise send to app'));
  assert.equal(renameableAt(at.project, at.document, at.offset), null);
  const list = marked(inListener('  deny ip off<|>ice\n  otherwise send to app'));
  assert.equal(renameAt(list.project, list.document, list.offset, 'bureau').length, 2);
  const refused = (to: string, reason: RegExp): void => {
    const rename = () => renameAt(list.project, list.document, list.offset, to);
    assert.throws(rename, (error) => error instanceof RenameError && reason.test(error.message));
  };
  refused('admin', /`admin` is the name of a define/);
  refused('path', /`path` is a word of the language/);
  refused('two words', /`two words` is not a name/);
  const backend = marked(inListener('  otherwise send to ap<|>i'));
  assert.throws(() => renameAt(backend.project, backend.document, backend.offset, 'app'), /name of a backend/);
  assert.equal(renameAt(backend.project, backend.document, backend.offset, 'admin').length, 2);
});

function hover(text: string): string | null {
  const at = marked(text);
  return hoverAt(at.project, at.document, at.offset)?.text ?? null;
}

test('a word shows its documentation', () => {
  assert.match(hover(inListener('  de<|>ny all'))!, /^\*\*deny .*guard/);
  assert.match(hover(inListener('  deny pa<|>th under /x'))!, /^\*\*path\*\* \(field\)[\s\S]*Compare: is, in, under/);
  assert.match(hover(inListener('  deny path un<|>der /x'))!, /never `\/foobar`/);
  assert.match(hover(inListener('  set hea<|>der A to "b"'))!, /^\*\*set header /);
  assert.match(hover(inListener('  other<|>wise send to app'))!, /everything/);
  assert.match(hover(inListener('  time<|>out idle 5s'))!, /setting of a listener/);
  assert.match(hover(inListener('  timeout id<|>le 5s'))!, /^\*\*idle\*\* \(duration\)/);
  assert.match(hover('backend a {\n  stick on coo<|>kie sid\n}')!, /^\*\*stick on cookie /);
  assert.match(hover(inListener('  send to ap<|>i'))!, /backend api of 127\.0\.0\.1:9002[\s\S]*backend, used 1 time/);
  assert.equal(hover(inListener('  # de<|>ny')), null);
});

test('every word of a condition keeps its meaning while the line is broken', () => {
  assert.match(hover(inListener('  deny (pa<|>th under /x and or "'))!, /^\*\*path\*\*/);
  assert.equal(definition(inListener('  send to a<|>pi when when (')), 'backend [api] of 127.0.0.1:9002');
});
