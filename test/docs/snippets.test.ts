/**
 * What the pages show is right: rule files load, are in the one style, have nothing that lint would mention and tests that
 * pass; commands print what stands below them; other proxies take what is shown as theirs; links lead somewhere.
 */
import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { brokenLinks } from './links.ts';
import { OTHER_PROXIES } from './other-proxies.ts';
import { type Page, readPages } from './page.ts';
import { StagedPage, sluice } from './staged-page.ts';

const FIX = 'run: node test/docs/write-pages.ts';

interface CheckedFile {
  readonly problems: readonly {
    readonly code: string;
    readonly severity: string;
    readonly message: string;
    readonly place: { readonly line: number } | null;
  }[];
}

/** What the reader's machine has and this one may lack: a folder for a socket, the access log or the state. */
const OF_THE_MACHINE = new Set(['SG0205', 'SG0207', 'SG0306']);

/** Requests may get past a rule in front of some kinds of servers: a page about something else does not say which it has. */
const SERVERS_UNSAID = 'SL0905';

const PAGES = await readPages();

test('the pages have rule files, commands, and rules of other proxies', () => {
  const languages = PAGES.flatMap(({ blocks }) => blocks.map(({ language }) => language));
  const count = (wanted: string): number => languages.filter((language) => language === wanted).length;
  assert.ok(count('sluice') >= 80);
  assert.ok(count('console') >= 10);
  for (const { language } of OTHER_PROXIES) assert.ok(count(language) >= 8, language);
});

for (const page of PAGES) {
  suite(page.name, async () => {
    test('its links lead somewhere', async () => {
      assert.deepEqual(await brokenLinks(page), []);
    });
    if (page.blocks.length === 0) return;
    const staged = await StagedPage.open(page);
    after(() => staged.close());
    testRuleFiles(page, staged);
    for (const block of page.blocks.filter(({ language }) => language === 'console')) {
      test(`line ${block.line}: the commands print the output on the page`, async () => {
        assert.equal(block.text, await staged.transcript(block), FIX);
      });
    }
    testOtherProxies(page, staged);
  });
}

function testRuleFiles(page: Page, { snippets, folder }: StagedPage): void {
  const whole = snippets.filter(({ isFragment }) => !isFragment);
  const tested = whole.filter(({ block }) => /^test "/m.test(block.text));
  const names = (some: typeof snippets): readonly string[] => some.map(({ file }) => file);

  if (snippets.length > 0) {
    test('its rule files are right, and nothing in them is warned of', async () => {
      const { stdout, stderr } = await sluice(['check', '--json', ...names(snippets)], folder);
      assert.equal(stderr, '');
      const checked = (JSON.parse(stdout) as { files: CheckedFile[] }).files;
      const problems = snippets.flatMap(({ block, isFragment }, index) =>
        checked[index]!.problems.filter(
          ({ code, severity }) => !OF_THE_MACHINE.has(code) && (!isFragment || severity === 'error'),
        ).map(({ message, place }) => `${page.name}:${block.line + (place?.line ?? 1) - 1}: ${message}`),
      );
      assert.deepEqual(problems, []);
    });
  }
  if (whole.length > 0) {
    test('its rule files are in the one style', async () => {
      const { stdout } = await sluice(['fmt', '--check', '--json', ...names(whole)], folder);
      const formatted = (JSON.parse(stdout) as { files: { isChanged: boolean }[] }).files;
      const others = whole.filter((_, index) => formatted[index]!.isChanged);
      assert.deepEqual(
        others.map(({ block }) => `${page.name}:${block.line}`),
        [],
        FIX,
      );
    });

    test('lint finds nothing in its rule files', async () => {
      const { stdout } = await sluice(['lint', '--json', ...names(whole)], folder);
      const { files } = JSON.parse(stdout) as { files: CheckedFile[] };
      const findings = whole.flatMap(({ block }, index) =>
        files[index]!.problems.filter(({ code }) => code !== SERVERS_UNSAID).map(
          ({ message, place }) => `${page.name}:${block.line + (place?.line ?? 1) - 1}: ${message}`,
        ),
      );
      assert.deepEqual(findings, []);
    });
  }
  if (tested.length > 0) {
    test('the tests in its rule files pass', async () => {
      const { code, stdout } = await sluice(['test', ...names(tested)], folder);
      assert.equal(code, 0, stdout);
    });
  }
}

function testOtherProxies({ blocks }: Page, { folder }: StagedPage): void {
  for (const { language, judge } of OTHER_PROXIES) {
    for (const block of blocks.filter((each) => each.language === language)) {
      test(`line ${block.line}: ${language} takes its rules`, async (t) => {
        try {
          const { code, stdout, stderr } = await judge(block, folder);
          assert.equal(code, 0, `${stdout}${stderr}`);
        } catch (thrown) {
          if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
          t.skip(`${language} is not installed`);
        }
      });
    }
  }
}
