/**
 * FieldReaders: the plugins' field functions of a checked file, as data threads import them. Main thread.
 */
import type { DataEntry, PluginSet } from '@sluice/core/loading';
import type { FieldReader } from '@sluice/dsl/match';

/** fieldReaders returns the implementations by field name. */
export async function fieldReaders(entries: PluginSet['entries']): Promise<ReadonlyMap<string, FieldReader>> {
  const imported: DataEntry[] = await Promise.all(entries.map(({ url }) => import(url)));
  return new Map(imported.flatMap(({ fields }) => Object.entries(fields ?? {})));
}
