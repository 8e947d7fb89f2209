/**
 * WritePluginErrors writes docs/errors/plugins.md from the tables of errors of the standard plugins and of @sluice/certificates. Run
 * after one has changed, in a built checkout:
 *
 *     node cli/scripts/write-plugin-errors.ts
 */
import { writeFile } from 'node:fs/promises';
import { packageErrors, pluginErrorsPage } from './plugin-errors.ts';

const page = new URL('../../docs/errors/plugins.md', import.meta.url);
await writeFile(page, pluginErrorsPage(await packageErrors()));
