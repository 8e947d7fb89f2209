/**
 * Writes the figures of docs/simulation.md. They are the same every time; a test holds that the committed ones are these.
 *
 *     npx node test/simulation/write-plots.ts
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { plots } from './plots.ts';

const docs = new URL('../../docs/', import.meta.url);
await mkdir(new URL('images/', docs), { recursive: true });
for (const [path, plot] of Object.entries(plots)) await writeFile(new URL(path, docs), await plot());
