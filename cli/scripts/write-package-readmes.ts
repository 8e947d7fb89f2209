/**
 * WritePackageReadmes writes plugins/NAME/README.md of every standard plugin from its manifest. Run after words have changed, in a
 * built checkout:
 *
 *     node cli/scripts/write-package-readmes.ts
 */
import { readFile, writeFile } from 'node:fs/promises';
import { standard } from '@sluice/standard';
import { packageReadme } from './package-readme.ts';

for (const manifest of standard) {
  const folder = new URL(`../../plugins/${manifest.name}/`, import.meta.url);
  const { description } = JSON.parse(await readFile(new URL('package.json', folder), 'utf8'));
  await writeFile(new URL('README.md', folder), packageReadme(manifest, description));
}
