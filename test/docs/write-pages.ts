/**
 * WritePages puts the rule files in the docs into the one style, and what commands print behind them. Run in a built
 * checkout after words, messages or pages have changed, and read the difference:
 *
 *     node test/docs/write-pages.ts [PART OF A PAGE'S NAME]
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readPages } from './page.ts';
import { StagedPage, sluice } from './staged-page.ts';

const wanted = process.argv[2] ?? '';
for (const page of await readPages()) {
  if (!page.name.includes(wanted)) continue;
  const staged = await StagedPage.open(page);
  try {
    const edits: { readonly start: number; readonly length: number; readonly text: string }[] = [];
    const whole = staged.snippets.filter(({ isFragment }) => !isFragment);
    if (whole.length > 0) await sluice(['fmt', ...whole.map(({ file }) => file)], staged.folder);
    for (const { block, file } of whole) {
      const text = await readFile(join(staged.folder, file), 'utf8');
      edits.push({ start: block.start, length: block.text.length, text });
    }
    for (const block of page.blocks.filter(({ language }) => language === 'console')) {
      edits.push({ start: block.start, length: block.text.length, text: await staged.transcript(block) });
    }
    let { markdown } = page;
    for (const { start, length, text } of edits.sort((a, b) => b.start - a.start)) {
      markdown = markdown.slice(0, start) + text + markdown.slice(start + length);
    }
    if (markdown !== page.markdown) await writeFile(page.path, markdown);
  } finally {
    await staged.close();
  }
}
