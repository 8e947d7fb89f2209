import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { SETTING_WORDS } from '../../src/index.ts';
import { planOf } from '../compile-text.ts';

const PAGE = await readFile(new URL('../../../docs/language/README.md', import.meta.url), 'utf8');
const SNIPPETS = [...PAGE.matchAll(/^```sluice\n(.*?)^```/gms)].map((match) => match[1]!);

test('the language page has examples', () => assert.ok(SNIPPETS.length >= 5));

for (const [index, snippet] of SNIPPETS.entries()) {
  test(`example ${index + 1} of the language page is right`, async () => {
    await planOf(snippet);
  });
}

test('the language page names every base setting', () => {
  const missing = SETTING_WORDS.filter(({ name }) => name !== 'tls' && !PAGE.includes(name));
  assert.deepEqual(
    missing.map(({ name }) => name),
    [],
  );
});

test('every example of a base setting is right where it belongs', async () => {
  process.env.SLUICE_SECRET_MONITORING_TOKEN = 'x';
  for (const { section, name, example } of SETTING_WORDS) {
    // Their kinds are plugins', and tested with them.
    if (['tls', 'servers from', 'certificate from', 'traces to'].includes(name)) continue;
    // They need more lines than their own: see passthrough.test.ts, known-from.test.ts and admin.test.ts.
    if (['tls passthrough', 'forward client certificate', 'admin client certificate'].includes(name)) continue;
    const inside = (wanted: string): string => (section === wanted ? example : '');
    await planOf(
      `listener web on :80, unix:/run/web.sock { ${inside('listener')}; send to sorry when path is /s; otherwise send to app }\nbackend app ${/^serve(?: site)?$/.test(name) ? '' : 'of a:80 '}{ ${inside('backend')} }\nbackend sorry of b:80\nsettings { ${inside('settings')} }`,
    );
  }
});
