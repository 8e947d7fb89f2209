import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDiagnostic } from '../../src/index.ts';
import { compileText } from '../compile-text.ts';
import { REALISTIC } from '../realistic.ts';

/** Whatever the text: a plan or an error, in order, at places that are in the text, and printable. */
async function holds(text: string): Promise<void> {
  const { plan, diagnostics, sources } = await compileText(text);
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error');
  assert.equal(plan === null, errors.length > 0);
  const lines = sources.get('test.sluice')!.split('\n');
  let before = 0;
  for (const diagnostic of diagnostics) {
    const { line, column, length } = diagnostic.place;
    assert.ok(line >= 1 && line <= lines.length, `line ${line}`);
    assert.ok(column >= 1 && column <= lines[line - 1]!.length + 1, `column ${column} of line ${line}`);
    assert.ok(length >= 1);
    assert.ok(line >= before, 'sorted by position');
    before = line;
    assert.doesNotMatch(diagnostic.message, /undefined|\[object|NaN/);
    assert.doesNotMatch(diagnostic.fix ?? '', /undefined|\[object|NaN/);
    assert.ok(formatDiagnostic(diagnostic, sources).includes(diagnostic.code));
  }
  if (plan !== null) assert.deepEqual(structuredClone(plan), plan);
}

const WORDS =
  `listener backend settings define use list include map test otherwise deny allow redirect send to set add remove
header cookie query ip path host method scheme port not and or when all every is in under starts ends contains like matches
over below between present absent anycase on of tcp server weight max backup balance stick check every timeout fall rise
jitter retry using another connect-failure client from trust body at most 10MiB 10s 5% 200..299 404 301 :8080 127.0.0.1:80
10.0.0.0/8 10.1.2.3/8 ::1 [::1]:80 /admin app web1 office admin country "x" "{host}" "{x" r"a+" r"(" r"(?=a)" "\\q" , ; { } ( ) = #x
X-Team GET *.example.com example.com http tls limit rewrite sid ttl`.split(/\s+/);

const options = { numRuns: 150 };

test('random text gives a plan or errors, at places within it', async () => {
  await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), holds), options);
});

test('random characters of the syntax give a plan or errors', async () => {
  const unit = fc.constantFrom(...'{}(),;"#=\\r\n\t anot:/.0\u0000\u2028\ufeff\ud800é“');
  await fc.assert(fc.asyncProperty(fc.string({ unit, maxLength: 80 }), holds), options);
});

test('random words in random order give a plan or errors', async () => {
  const word = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...WORDS) },
    { weight: 1, arbitrary: fc.constant('\n') },
  );
  const text = fc.array(word, { maxLength: 60 }).map((words) => words.join(' '));
  await fc.assert(fc.asyncProperty(text, holds), { numRuns: 400 });
});

test('random lines inside of a listener and a backend give a plan or errors', async () => {
  const line = fc.array(fc.constantFrom(...WORDS.filter((word) => !'{}'.includes(word))), { maxLength: 8 });
  const lines = fc.array(line, { maxLength: 12 }).map((all) => all.map((words) => words.join(' ')).join('\n'));
  const text = fc.tuple(lines, lines).map(([a, b]) => `listener web on :80 {\n${a}\n}\nbackend app of a:1 {\n${b}\n}`);
  await fc.assert(fc.asyncProperty(text, holds), { numRuns: 400 });
});

test('a valid file with pieces cut, doubled, swapped or replaced gives a plan or errors', async () => {
  const at = fc.nat({ max: REALISTIC.length });
  const edit = fc.record({
    from: at,
    length: fc.nat({ max: 30 }),
    put: fc.oneof(fc.constantFrom('', ...WORDS), fc.string()),
  });
  const text = fc
    .array(edit, { minLength: 1, maxLength: 4 })
    .map((edits) =>
      edits.reduce((now, { from, length, put }) => now.slice(0, from) + put + now.slice(from + length), REALISTIC),
    );
  await fc.assert(fc.asyncProperty(text, holds), { numRuns: 400 });
});

test('a valid file cut off anywhere gives a plan or errors', async () => {
  for (let end = 0; end < REALISTIC.length; end += 37) await holds(REALISTIC.slice(0, end));
});
