/**
 * WriteOpenApi writes docs/openapi.json and docs/admin-reference.md from the routes of the admin API. Run after those have
 * changed:
 *
 *     node core/scripts/write-openapi.ts
 */
import { writeFile } from 'node:fs/promises';
import { openApiText, referenceText } from './openapi-text.ts';

const DOCS = new URL('../../docs/', import.meta.url);
await writeFile(new URL('openapi.json', DOCS), openApiText());
await writeFile(new URL('admin-reference.md', DOCS), referenceText());
