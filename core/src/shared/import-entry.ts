/**
 * ImportEntry: imports a plugin's data entry, checked. Both planes.
 */
import type { DataEntry } from '../plugin/data-entry.ts';
import { checkedEntry, type DeclaredEntry } from './checked-entry.ts';
import { messageOf } from './failure-log.ts';

/** ImportableEntry is a data entry and where it is. */
export interface ImportableEntry extends DeclaredEntry {
  /** A `file:` URL. */
  readonly url: string;
}

/** importEntry imports a data entry. Rejects with an Error that names the plugin. */
export async function importEntry(ref: ImportableEntry): Promise<DataEntry> {
  let module: DataEntry;
  try {
    module = (await import(ref.url)) as DataEntry;
  } catch (cause) {
    throw new Error(`plugin \`${ref.plugin}\`: its data entry cannot be imported: ${messageOf(cause)}`, { cause });
  }
  return checkedEntry(ref, module);
}

/** importEntries imports several at once, in their order. */
export function importEntries(refs: readonly ImportableEntry[]): Promise<DataEntry[]> {
  return Promise.all(refs.map(importEntry));
}
