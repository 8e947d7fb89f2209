/**
 * Every rule file shown in the README and the docs loads, and every link between pages leads somewhere.
 */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { createGateway } from 'sluice';

const root = new URL('../..', import.meta.url).pathname;
const pages = ['README.md', 'CONTRIBUTING.md', 'cli/README.md', ...globSync('docs/**/*.md', { cwd: root })];

// Where `use … from "./same-path.js"` finds its file.
process.chdir(join(root, 'examples/custom-strategy'));

for (const page of pages) {
  const text = readFileSync(join(root, page), 'utf8');
  describe(page, () => {
    const shown = [...text.matchAll(/^```sluice\n(.*?)^```$/gms)].map((match) => match[1]!);
    // Pages of the language show fragments too; its own tests know how to complete those.
    for (const [index, rules] of shown.entries()) {
      if (page.startsWith('docs/language') || page.startsWith('docs/errors')) continue;
      // It names certificates, which test/integration/tls.test.ts makes.
      if (page === 'docs/tls.md') continue;
      test(`rule file ${index + 1} loads`, async () => {
        const gateway = await createGateway({ rules, logger: false });
        assert.ok(gateway.plan.listeners.length > 0);
      });
    }
    test('its links lead to files', () => {
      const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)].map((match) => match[1]!);
      const broken = links.filter((link) => !existsSync(join(root, dirname(page), link)));
      assert.deepEqual(broken, []);
    });
  });
}
