/**
 * Version: which release of the command this is. Main thread.
 */
import { readFileSync } from 'node:fs';

/** ownVersion is the version of the package, such as `1.2.0`. */
export function ownVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
