/**
 * What the pages show is right: rule files load and are in the one style, commands print what stands below them, other
 * proxies take what is shown as theirs, and every link leads somewhere.
 */
import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { brokenLinks } from './links.ts';
import { OTHER_PROXIES } from './other-proxies.ts';
import { readPages } from './page.ts';
import { StagedPage, sluice } from './staged-page.ts';

const MEND = 'run: node test/docs/write-pages.ts';

interface CheckedFile {
  readonly isOk: boolean;
  readonly problems: readonly {
    readonly severity: string;
    readonly message: string;
    readonly place: { readonly line: number };
  }[];
}

const PAGES = await readPages();

test('the pages of the language have rule files and commands', () => {
  const languages = PAGES.flatMap(({ blocks }) => blocks.map(({ language }) => language));
  assert.ok(languages.filter((language) => language === 'sluice').length >= 60);
  assert.ok(languages.filter((language) => language === 'console').length >= 8);
});

for (const page of PAGES) {
  suite(page.name, async () => {
    test('its links lead somewhere', async () => {
      assert.deepEqual(await brokenLinks(page), []);
    });
    if (page.blocks.length === 0) return;
    const staged = await StagedPage.open(page);
    after(() => staged.close());
    const files = staged.snippets.map(({ file }) => file);

    if (files.length === 0) return;

    test('its rule files are right, and nothing in them is warned of', async () => {
      const { stdout, stderr } = await sluice(['check', '--json', ...files], staged.folder);
      assert.equal(stderr, '');
      const checked = (JSON.parse(stdout) as { files: CheckedFile[] }).files;
      const problems = staged.snippets.flatMap(({ block, isFragment }, index) =>
        checked[index]!.problems.filter(({ severity }) => !isFragment || severity === 'error').map(
          ({ message, place }) => `${page.name}:${block.line + (place?.line ?? 1) - 1}: ${message}`,
        ),
      );
      assert.deepEqual(problems, []);
    });

    const whole = staged.snippets.filter(({ isFragment }) => !isFragment);
    test('its rule files are in the one style', async () => {
      const args = ['fmt', '--check', '--json', ...whole.map(({ file }) => file)];
      const { stdout } = await sluice(args, staged.folder);
      const formatted = (JSON.parse(stdout) as { files: { isChanged: boolean }[] }).files;
      const others = whole.filter((_, index) => formatted[index]!.isChanged);
      assert.deepEqual(
        others.map(({ block }) => `${page.name}:${block.line}`),
        [],
        MEND,
      );
    });

    for (const block of page.blocks.filter(({ language }) => language === 'console')) {
      test(`line ${block.line}: the commands print what is shown`, async () => {
        assert.equal(block.text, await staged.transcript(block), MEND);
      });
    }

    for (const { language, judge } of OTHER_PROXIES) {
      for (const block of page.blocks.filter((each) => each.language === language)) {
        test(`line ${block.line}: ${language} takes its rules`, async (t) => {
          try {
            const { code, stdout, stderr } = await judge(block, staged.folder);
            assert.equal(code, 0, `${stdout}${stderr}`);
          } catch (thrown) {
            if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
            t.skip(`${language} is not installed`);
          }
        });
      }
    }
  });
}
