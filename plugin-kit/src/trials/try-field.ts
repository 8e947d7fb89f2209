/**
 * TryField: the values that a field has.
 */
import type { PluginManifest } from '@sluice/core/plugin';
import type { FactValue } from '@sluice/dsl/match';
import { type FakeRequest, fakeFacts } from '../fakes/fake-facts.ts';
import { checkedDataEntry, functionOf } from './checked-data-entry.ts';

/**
 * tryField imports a field of a plugin and returns its reader: `(request, key?) => value`. What it reads is checked as the gateway checks
 * it: a value of another type than the declared one throws.
 *
 *     const team = await tryField(plugin, 'team');
 *     assert.equal(team({ headers: { 'x-team': 'red' } }), 'red');
 */
export async function tryField(
  manifest: PluginManifest,
  name: string,
): Promise<(request?: FakeRequest, key?: string | null) => FactValue> {
  const { fields } = await checkedDataEntry(manifest);
  const reader = functionOf(manifest, 'fields', fields, name);
  return (request = {}, key = null) => reader(fakeFacts(request), key);
}
