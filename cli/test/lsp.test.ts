import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { LanguageClient, type Range } from './language-client.ts';
import { folderOf } from './sluice.ts';

const RULES = `listener web on 127.0.0.1:8080 {
  deny ip 10.0.0.0/8
  otherwise send to app
}
backend app of 127.0.0.1:9001
`;

interface Item {
  readonly label: string;
  readonly documentation?: { readonly value: string };
  readonly textEdit: { readonly range: Range; readonly newText: string };
}

interface Edit {
  readonly range: Range;
  readonly newText: string;
}

test('problems are published while typing, with code, place and fix, and disappear once fixed', async (t) => {
  const client = await LanguageClient.start(t, await folderOf(t, {}));
  client.open('gateway.sluice', RULES.replace('deny', 'dney'));
  const [problem, ...more] = await client.diagnostics('gateway.sluice');
  assert.deepEqual(more, []);
  assert.equal(problem!.code, 'SL0101');
  assert.equal(problem!.severity, 1);
  assert.equal(problem!.message, 'unknown word `dney`\nDid you mean `deny`?');
  assert.deepEqual(problem!.range, { start: { line: 1, character: 2 }, end: { line: 1, character: 6 } });
  client.change('gateway.sluice', RULES);
  assert.deepEqual(await client.diagnostics('gateway.sluice'), []);
  assert.equal(await client.stop(), 0);
});

test('a component’s options are checked as run checks them', async (t) => {
  const client = await LanguageClient.start(t, await folderOf(t, {}));
  client.open('gateway.sluice', RULES.replace('deny ip 10.0.0.0/8', 'tls terminate cert "none.pem"'));
  const [problem] = await client.diagnostics('gateway.sluice');
  assert.match(problem!.message, /none\.pem/);
  assert.equal(problem!.range.start.line, 1);
});

test('completion proposes words of the file’s plugins and names in the file', async (t) => {
  const plugin = `export default {
    name: 'geo', apiVersion: 1, data: import.meta.url,
    words: [{ kind: 'field', name: 'country', doc: 'The country of the client.', example: 'country CH',
      phase: 'connection', type: 'text', operators: ['is'], defaultOperator: 'is', index: 'text' }],
  };
  export const fields = { country: () => 'CH' };`;
  const client = await LanguageClient.start(t, await folderOf(t, { 'geo.js': plugin }));
  const guard = client.open('a.sluice', `use geo from "./geo.js"\n${RULES.replace('deny ip', 'deny cou<|> ip')}`);
  const items = await client.ask<Item[]>('textDocument/completion', guard);
  const country = items.find(({ label }) => label === 'country');
  assert.match(country!.documentation!.value, /The country of the client/);
  const { line } = guard.position;
  assert.deepEqual(country!.textEdit.range, { start: { line, character: 7 }, end: { line, character: 10 } });
  const send = client.open('b.sluice', RULES.replace('send to app', 'send to <|>'));
  const names = await client.ask<Item[]>('textDocument/completion', send);
  assert.deepEqual(
    names.filter(({ label }) => label === 'app' || label === 'web').map(({ label }) => label),
    ['app'],
  );
});

test('hover, definition, references and outline answer', async (t) => {
  const client = await LanguageClient.start(t, await folderOf(t, {}));
  const verb = client.open('a.sluice', RULES.replace('deny', 'de<|>ny'));
  const hover = await client.ask<{ contents: { kind: string; value: string } }>('textDocument/hover', verb);
  assert.equal(hover.contents.kind, 'markdown');
  assert.match(hover.contents.value, /^\*\*deny /);
  const name = client.open('b.sluice', RULES.replace('to app', 'to a<|>pp'));
  const definition = await client.ask<{ uri: string; range: Range }>('textDocument/definition', name);
  assert.equal(definition.uri, client.uri('b.sluice'));
  assert.deepEqual(definition.range.start, { line: 4, character: 8 });
  const context = { includeDeclaration: true };
  assert.equal((await client.ask<unknown[]>('textDocument/references', { ...name, context })).length, 2);
  const symbols = await client.ask<{ name: string }[]>('textDocument/documentSymbol', name);
  assert.deepEqual(
    symbols.map((symbol) => symbol.name),
    ['web', 'app'],
  );
  const folds = await client.ask<object[]>('textDocument/foldingRange', name);
  assert.deepEqual(folds, [{ startLine: 0, endLine: 2 }]);
});

test('a name is renamed everywhere, and an invalid new name is refused with the reason', async (t) => {
  const client = await LanguageClient.start(t, await folderOf(t, {}));
  const name = client.open('a.sluice', RULES.replace('to app', 'to a<|>pp'));
  const prepared = await client.ask<Range>('textDocument/prepareRename', name);
  assert.deepEqual(prepared.start, { line: 2, character: 20 });
  const edit = await client.ask<{ changes: Record<string, Edit[]> }>('textDocument/rename', {
    ...name,
    newName: 'shop',
  });
  const edits = edit.changes[client.uri('a.sluice')]!;
  assert.deepEqual(
    edits.map(({ range, newText }) => [range.start.line, newText]),
    [
      [2, 'shop'],
      [4, 'shop'],
    ],
  );
  const rename = client.ask('textDocument/rename', { ...name, newName: 'not a name' });
  await assert.rejects(rename, /`not a name` is not a name/);
});

test('a fix that is a replacement is offered as a quick fix', async (t) => {
  const client = await LanguageClient.start(t, await folderOf(t, {}));
  const { textDocument } = client.open('a.sluice', RULES.replace('deny', 'dney').replace('to app', 'to apq'));
  const at = (line: number) => ({ start: { line, character: 0 }, end: { line, character: 99 } });
  const fixes = async (line: number) => {
    const params = { textDocument, range: at(line), context: { diagnostics: [] } };
    const actions = await client.ask<{ title: string; edit: { changes: Record<string, Edit[]> } }[]>(
      'textDocument/codeAction',
      params,
    );
    return actions.map(({ title, edit }) => [title, edit.changes[textDocument.uri]![0]!.newText]);
  };
  assert.deepEqual(await fixes(1), [['Write `deny`', 'deny']]);
  assert.deepEqual(await fixes(2), [['Write `app`', 'app']]);
  assert.deepEqual(await fixes(0), []);
});

test('a file is formatted, but not changed if it cannot be parsed', async (t) => {
  const client = await LanguageClient.start(t, await folderOf(t, {}));
  const options = { tabSize: 8, insertSpaces: false };
  const { textDocument } = client.open('a.sluice', RULES.replace('  deny', '\t\tdeny'));
  const edits = await client.ask<Edit[]>('textDocument/formatting', { textDocument, options });
  assert.equal(edits.length, 1);
  assert.equal(edits[0]!.newText, RULES);
  const broken = client.open('b.sluice', 'listener web on :80 {\n"');
  assert.deepEqual(await client.ask('textDocument/formatting', { ...broken, options }), []);
});

test('broken files of every kind get answers', async (t) => {
  const client = await LanguageClient.start(t, await folderOf(t, {}));
  const broken = ['', '\ufeff', '{{{{', '}}}}', 'listener', 'a "b', `x ${'('.repeat(3000)}`, '\u0000\u0007', 'é 𝄞 "'];
  for (const [index, text] of broken.entries()) {
    const at = client.open(`${index}.sluice`, `${text}<|>`);
    assert.ok(Array.isArray(await client.ask('textDocument/completion', at)), JSON.stringify(text));
    await client.ask('textDocument/hover', at);
    await client.ask('textDocument/documentSymbol', at);
    await client.diagnostics(`${index}.sluice`);
  }
  assert.equal(await client.stop(), 0);
});

test('a file that was never saved is checked too', async (t) => {
  const client = await LanguageClient.start(t, await folderOf(t, {}));
  const textDocument = { uri: 'untitled:Untitled-1', languageId: 'sluice', version: 1, text: RULES };
  client.tell('textDocument/didOpen', { textDocument });
  const position = { line: 2, character: 20 };
  const found = await client.ask<{ uri: string }>('textDocument/definition', { textDocument, position });
  assert.equal(found.uri, 'untitled:Untitled-1');
});

test('a plugin that prints does not disturb the protocol', async (t) => {
  const plugin = `console.log('hello'); export default { name: 'loud', apiVersion: 1 };`;
  const folder = await folderOf(t, { 'loud.js': plugin });
  const client = await LanguageClient.start(t, folder);
  client.open('a.sluice', `use loud from "${pathToFileURL(folder).pathname}/loud.js"\n${RULES}`);
  assert.deepEqual(await client.diagnostics('a.sluice'), []);
});

test('a file that another includes is checked as a part of it, and finds the names of the other', async (t) => {
  const main = `include "parts/*.sluice"\n${RULES.replace('deny ip', 'deny office or ip')}`;
  const part = 'define office = ip 203.0.113.0/24\n';
  const client = await LanguageClient.start(t, await folderOf(t, { 'main.sluice': main, 'parts/a.sluice': part }));
  const name = client.open('parts/a.sluice', part.replace('office', 'off<|>ice'));
  assert.deepEqual(await client.diagnostics('parts/a.sluice'), []);
  const context = { includeDeclaration: false };
  const [use, ...more] = await client.ask<{ uri: string }[]>('textDocument/references', { ...name, context });
  assert.deepEqual(more, []);
  assert.equal(use!.uri, client.uri('main.sluice'));
  client.change('parts/a.sluice', 'define offices = ip 203.0.113.0/24\n');
  const [problem] = await client.diagnostics('main.sluice', (list) => list.length > 0);
  assert.match(problem!.message, /`office`/);
});
