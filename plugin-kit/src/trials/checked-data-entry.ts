/**
 * CheckedDataEntry: a plugin's data entry as data threads get it, with everything that it returns checked.
 */
import { importEntries } from '@sluice/core/loading';
import type { DataEntry, PluginManifest } from '@sluice/core/plugin';

/** Components of these slots have their functions in the data entry. */
const SLOTS_WITH_DATA = ['balance', 'stick', 'tls', 'server tls', 'serve', 'answer', 'traces'];

/** checkedDataEntry imports the module that a manifest names. Rejects if it cannot be imported, or lacks what the manifest declares. */
export async function checkedDataEntry(manifest: PluginManifest): Promise<DataEntry> {
  const { name: plugin, data: url, words = [], components = [] } = manifest;
  if (url === undefined)
    throw new TypeError(`plugin \`${plugin}\` has no \`data\`, so it has nothing for data threads`);
  const withData = components.filter(({ slot }) => SLOTS_WITH_DATA.includes(slot));
  const [entry] = await importEntries([{ plugin, url, words, components: withData }]);
  return entry!;
}

/** functionOf returns a function of a data entry. Throws with the names that there are. */
export function functionOf<T>(
  manifest: PluginManifest,
  section: string,
  functions: Readonly<Record<string, T>> | undefined,
  name: string,
): T {
  const found = functions?.[name];
  if (found !== undefined) return found;
  const names = Object.keys(functions ?? {}).map((each) => `\`${each}\``);
  const there = names.length === 0 ? 'there are none' : `there are ${names.join(', ')}`;
  throw new TypeError(`plugin \`${manifest.name}\` has no \`${name}\` in \`${section}\`: ${there}`);
}

/** componentOf returns a component of a manifest. Throws with the names that there are in the slot. */
export function componentOf(manifest: PluginManifest, slot: string, name: string) {
  const inSlot = (manifest.components ?? []).filter((component) => component.slot === slot);
  const components = Object.fromEntries(inSlot.map((component) => [component.name, component]));
  return functionOf(manifest, `components\` of the slot \`${slot}`, components, name);
}
