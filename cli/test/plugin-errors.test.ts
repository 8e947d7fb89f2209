/**
 * Errors of the standard plugins: all of them have codes, and all codes are used and documented.
 */
import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { packageErrors, pluginErrorsPage } from '../scripts/plugin-errors.ts';

const ROOT = new URL('../../', import.meta.url);

test('the page of plugins’ errors is the one that the tables give', async () => {
  const page = await readFile(new URL('../../docs/errors/plugins.md', import.meta.url), 'utf8');
  assert.equal(page, pluginErrorsPage(await packageErrors()), 'run: node cli/scripts/write-plugin-errors.ts');
});

test('each package has its own family of codes, in order, each with a fix', async () => {
  const families = new Set<string>();
  for (const { file, table } of await packageErrors()) {
    const codes = Object.keys(table);
    const family = codes[0]!.slice(0, 4);
    assert.match(family, /^SP\d\d$/, file);
    assert.ok(!families.has(family), `${family} is that of two packages`);
    families.add(family);
    assert.deepEqual(codes, [...codes].sort(), file);
    for (const [code, { message, fix }] of Object.entries(table)) {
      assert.ok(code.startsWith(family), `${code} in ${file}`);
      assert.match(message, /^(?:[^A-Z\n]|[A-Z]{2}|OpenSSL )[^\n]*[^.\n]$/, code);
      assert.match(fix, /^[`A-Z][^\n]+\.$/, code);
    }
  }
});

/** Sources of standard plugins and of @sluice/certificates, by their path from the repository's root. */
async function sources(): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for await (const file of glob(['certificates/src/**/*.ts', 'plugins/*/src/**/*.ts'], { cwd: ROOT })) {
    texts.set(file, await readFile(new URL(file, ROOT), 'utf8'));
  }
  return texts;
}

/**
 * Errors without a code that no operator reads as they are, and why. Not looked for are the classes AnswerError and BerError, whose messages
 * become the reasons of failed probes, and AcmeError, which is logged as SP0420 to SP0422.
 */
const UNCODED: Readonly<Record<string, string>> = {
  'certificates/src/check/revocation-check.ts': 'caught there, and made SP0144',
  'certificates/src/check/staple-check.ts': 'caught there, and made SP0123',
  'certificates/src/store/state-folder.ts':
    'stands in for the system’s own ENOTDIR, which its callers report with a code',
  'plugins/tls-bridge/src/bridge.ts': 'given to Node’s TLS, which ends the connection with it',
};

test('standard plugins make no error without a code', async () => {
  const texts = await sources();
  assert.ok(texts.size > 150, `${texts.size} files`);
  const found = [...texts].filter(([, text]) => /\bnew (?!(?:AcmeError|AnswerError|BerError)\()\w*Error\(/.test(text));
  assert.deepEqual(found.map(([file]) => file).sort(), Object.keys(UNCODED).sort());
});

test('every code of a table is used by its package', async () => {
  const texts = await sources();
  for (const { file, table } of await packageErrors()) {
    const folder = file.slice(0, -'errors.ts'.length);
    const own = [...texts].filter(([path]) => path.startsWith(folder) && path !== file).map(([, text]) => text);
    const unused = Object.keys(table).filter((code) => !own.some((text) => text.includes(`'${code}'`)));
    assert.deepEqual(unused, [], file);
  }
});
