/**
 * FieldReaders: the plugins' field functions of a checked file, as data threads import them. Main thread.
 */
import { importEntries, type PluginSet } from '@sluice/core/loading';
import type { FieldReader } from '@sluice/dsl/match';

/** fieldReaders returns the implementations by field name. */
export async function fieldReaders(entries: PluginSet['entries']): Promise<ReadonlyMap<string, FieldReader>> {
  const imported = await importEntries(entries);
  return new Map(imported.flatMap(({ fields }) => Object.entries(fields ?? {})));
}
