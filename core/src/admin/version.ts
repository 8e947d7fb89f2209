/**
 * Version: this release's. Main thread.
 */
import { readFileSync } from 'node:fs';

/** VERSION is as in the package, such as `1.2.3`. */
export const VERSION: string = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;
