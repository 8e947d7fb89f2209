import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { formatDiagnostic } from '../../src/index.ts';
import { codesOf, compileText, problemOf } from '../compile-text.ts';

/** `# SL0101:3` is about its own line, `# SL0101:3@+1` about the next one, `# above: SL0101:3` the same. */
function expected(text: string): string[] {
  const found: { line: number; column: number; code: string }[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const isAbove = line.includes('# above:') ? 1 : 0;
    for (const [, code, column, offset] of line.matchAll(/(SL\d{4}):(\d+)(?:@\+(\d))?/g)) {
      found.push({ line: index + 1 + isAbove + Number(offset ?? 0), column: Number(column), code: code! });
    }
  }
  found.sort((a, b) => a.line - b.line || a.column - b.column);
  return found.map(({ code, line, column }) => `${code} ${line}:${column}`);
}

test('a file with more than fifty mistakes reports each of them once, and no echoes', async () => {
  const text = await readFile(new URL('files/fifty-mistakes.sluice', import.meta.url), 'utf8');
  const wanted = expected(text);
  assert.ok(wanted.length >= 50);
  const { diagnostics, sources, plan } = await compileText(text);
  const frames = diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, sources)).join('\n');
  assert.deepEqual(codesOf(diagnostics), wanted, frames);
  assert.equal(plan, null);
});

test('a section that is never closed does not swallow the next one', async () => {
  const { diagnostics } = await compileText('listener web on :80 {\n  otherwise send to app\n\nbackend app of a:80\n');
  assert.deepEqual(codesOf(diagnostics), ['SL0104 1:21']);
});

test('a line that cannot be read does not hide the others, nor that it may have been the otherwise', async () => {
  const { diagnostics } = await compileText(
    'listener web on :80 {\n  otherwise and\n}\nlistener two on :81 {\n deny\n otherwise deny }',
  );
  assert.deepEqual(codesOf(diagnostics), ['SL0111 2:13', 'SL0304 5:2']);
});

test('words that may belong to a plugin that failed to load are not reported on top', async () => {
  const { diagnostics, plan } = await compileText(
    'use x from "./x.js"\nlistener web on :80 { deny continent EU; otherwise deny }',
  );
  assert.deepEqual(codesOf(diagnostics), ['SL0707 1:12']);
  assert.equal(diagnostics[0]!.message, 'plugin `x` cannot be loaded: there is no module ./x.js');
  assert.equal(plan, null);
});

test('a misspelled section word is reported alone', async () => {
  const { diagnostics } = await compileText('listener web on :80 { otherwise send to app }\nbackned app of a:80');
  assert.deepEqual(codesOf(diagnostics), ['SL0101 2:1']);
  assert.equal(diagnostics[0]!.fix, 'Did you mean `backend`?');
});

test('a word without its plugins is reported as such, not as unknown', async () => {
  const text = `listener web on :80 {
  otherwise send to app
}
backend app { servers from dns "app.internal" }`;
  const { diagnostics } = await compileText(text);
  assert.deepEqual(
    diagnostics.map(({ code, message }) => `${code} ${message}`),
    ['SL0116 `discovery` needs a plugin, but none provides it'],
  );
});

test('a line that ends in `or` does not swallow the otherwise', async () => {
  const { diagnostics } = await compileText('listener web on :80 {\n  deny ip 10.0.0.1 or\n  otherwise deny\n}');
  assert.deepEqual(codesOf(diagnostics), ['SL0111 2:20']);
});

test('a trailing comma is reported where the line should end', async () => {
  const { fix, code } = await problemOf('deny ip 10.0.0.1,\ndeny path is /a');
  assert.deepEqual(
    [code, fix],
    ['SL0601', 'A rule starts on its own line: does the line above end in `and`, `or` or a comma by mistake?'],
  );
});

test('a change among guards is the only line reported, not the guards after it', async () => {
  const guards = Array.from({ length: 5 }, (_, index) => `deny path is /${index}`).join('\n');
  const { message, fix } = await problemOf(`set header X-A to b\n${guards}`);
  assert.equal(message, '`set header` is a change, but comes before the last guard');
  assert.match(fix!, /^Move it below line 7/);
});

test('one guard among routes is reported alone, and not the routes before it', async () => {
  const routes = Array.from({ length: 5 }, (_, index) => `send to app when path is /${index}`).join('\n');
  const { message, fix } = await problemOf(`${routes}\ndeny path is /a`);
  assert.equal(message, '`deny` is a guard, but comes after the first route');
  assert.match(fix!, /^Move it above line 2/);
});
