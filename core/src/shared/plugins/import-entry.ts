/**
 * ImportEntry: imports a plugin's data entry, checked. Both planes.
 */
import type { DataEntry } from '../../plugin/data-entry.ts';
import { checkedEntry, type DeclaredEntry } from './checked-entry.ts';
import { messageOf } from './failure-log.ts';
import { type KeptModules, keepModules } from './plugin-modules.ts';

/** ImportableEntry is a data entry and where it is. */
export interface ImportableEntry extends DeclaredEntry {
  /** A `file:` URL. */
  readonly url: string;
  /** Its code, where that belongs to a generation; absent: what the file holds. */
  readonly modules?: KeptModules;
}

/** How long a module may take to load. */
const LIMIT_MS = 10_000;

/** importEntry imports a data entry. Rejects with an Error that names the plugin, also when it is not there within `limitMs`. */
export async function importEntry(ref: ImportableEntry, limitMs = LIMIT_MS): Promise<DataEntry> {
  let module: DataEntry;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const reason = `it did not finish loading within ${limitMs} ms; it waits for something that does not come`;
    timer = setTimeout(() => reject(new Error(reason)), limitMs);
  });
  try {
    if (ref.modules !== undefined) keepModules(ref.modules);
    module = (await Promise.race([import(ref.url), late])) as DataEntry;
  } catch (cause) {
    throw new Error(`plugin \`${ref.plugin}\`: its data entry cannot be imported: ${messageOf(cause)}`, { cause });
  } finally {
    clearTimeout(timer);
  }
  return checkedEntry(ref, module);
}

/** importEntries imports several at once, in their order. */
export function importEntries(refs: readonly ImportableEntry[]): Promise<DataEntry[]> {
  return Promise.all(refs.map((ref) => importEntry(ref)));
}
