/**
 * Tests are their package's own: what those of several packages need is in `@sluice/plugin-kit`, or in test/kit for tests that
 * cross packages. The linter of imports sees sources only, so this test looks at all files.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SPECIFIERS = /(?:\bfrom|\bimport\(?|new URL\()\s*'(\.{1,2}\/[^']*)'/g;

/** packageOf is the folder of the package that a path belongs to: `core`, `plugins/random`. */
function packageOf(path: string): string {
  return /^(?:plugins|examples)\/[^/]+|^[^/]+/.exec(path)![0];
}

/** foreignTests are the files of other packages' tests that a source text refers to. */
function foreignTests(file: string, text: string): readonly string[] {
  const targets = [...text.matchAll(SPECIFIERS)].map(([, specifier]) => normalize(join(dirname(file), specifier!)));
  return targets.filter((target) => {
    const owner = packageOf(target);
    const isTest = owner === 'test' || target.startsWith(`${owner}/test/`);
    return isTest && owner !== packageOf(file);
  });
}

test('an import of another package’s tests is found, but not of its own', () => {
  const foreign = ["import { a } from '../../standard/test/a.ts';", "import '../../../test/kit/a.ts';"].join('\n');
  assert.deepEqual(foreignTests('plugins/random/test/b.test.ts', foreign), [
    'plugins/standard/test/a.ts',
    'test/kit/a.ts',
  ]);
  assert.deepEqual(foreignTests('test/bench/b.ts', "await import('../../core/test/a.ts')"), ['core/test/a.ts']);
  const own = "import { a } from '../src/a.ts';\nimport { b } from './b.ts';\nexport * from '../kit/c.ts';";
  assert.deepEqual(foreignTests('test/integration/b.test.ts', own), []);
});

test('no file imports the tests of another package', () => {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.js'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const files = listed.split('\n').filter((file) => file !== '' && existsSync(join(ROOT, file)));
  assert.ok(files.length > 500, `${files.length} files`);
  const found = files
    .filter((file) => file !== 'test/layout/imports.test.ts')
    .flatMap((file) =>
      foreignTests(file, readFileSync(join(ROOT, file), 'utf8')).map((target) => `${file}: ${target}`),
    );
  // Written by the command's scripts, which are not tests, and the words that they hold up to date.
  const allowed = /^cli\/(?:test|scripts)\/[a-z-]+(?:\.test)?\.ts: dsl\/test\/standard-words\.json$/;
  assert.deepEqual(
    found.filter((line) => !allowed.test(line)),
    [],
  );
});

test('published packages depend on each other without a circle, as releases need it', () => {
  const files = globSync(['{dsl,core,certificates,cli,plugin-kit}/package.json', 'plugins/*/package.json'], {
    cwd: ROOT,
  });
  const needs = new Map<string, readonly string[]>();
  for (const file of files) {
    const { name, dependencies = {}, devDependencies = {} } = JSON.parse(readFileSync(join(ROOT, file), 'utf8'));
    needs.set(name, Object.keys({ ...dependencies, ...devDependencies }));
  }
  assert.ok(needs.size > 20);
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    assert.ok(!path.includes(name), [...path, name].join(' → '));
    if (done.has(name)) return;
    for (const next of needs.get(name) ?? []) visit(next, [...path, name]);
    done.add(name);
  };
  for (const name of needs.keys()) visit(name, []);
});
