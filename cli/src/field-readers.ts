/**
 * FieldReaders: the plugins' field functions of a checked file, as data threads import them. Main thread.
 */
import type { DataEntry } from '@sluice/core';
import type { FieldReader } from '@sluice/dsl/match';
import type { CheckedRules } from './checked-rules.ts';

/** fieldReaders returns the implementations by field name. */
export async function fieldReaders({ entries }: CheckedRules): Promise<ReadonlyMap<string, FieldReader>> {
  const imported: DataEntry[] = await Promise.all(entries.map(({ url }) => import(url)));
  return new Map(imported.flatMap(({ fields }) => Object.entries(fields ?? {})));
}
