/**
 * WriteErrorDocs writes docs/errors/README.md from the table of codes. Run after the table has changed:
 *
 *     node dsl/scripts/write-error-docs.ts
 */
import { writeFile } from 'node:fs/promises';
import { errorReference } from '../src/diagnostics/reference.ts';

await writeFile(new URL('../../docs/errors/README.md', import.meta.url), errorReference());
