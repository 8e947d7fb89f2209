/**
 * PluginFunctions finds what the plugins' data entries offer, by section and name. Data plane; not on the hot path.
 */
import type { FieldReader } from '@sluice/dsl/match';
import type { DataEntry } from '../../plugin/data-entry.ts';

/** LinkError says what in a plan cannot run, for people. */
export class LinkError extends Error {}

type Section = Exclude<keyof DataEntry, 'fields'>;

export class PluginFunctions {
  readonly #entries: ReadonlyMap<string, DataEntry>;

  constructor(entries: ReadonlyMap<string, DataEntry>) {
    this.#entries = entries;
  }

  readers(): Map<string, FieldReader> {
    const readers = new Map<string, FieldReader>();
    for (const entry of this.#entries.values()) {
      for (const [name, reader] of Object.entries(entry.fields ?? {})) readers.set(name, reader);
    }
    return readers;
  }

  /** last is the last function of a section that any entry offers. */
  last<Name extends Section>(section: Name): NonNullable<DataEntry[Name]>[string] | undefined {
    const offered = [...this.#entries.values()].flatMap((entry) => Object.values(entry[section] ?? {}));
    return offered.at(-1) as NonNullable<DataEntry[Name]>[string] | undefined;
  }

  /** lastOwner is the plugin whose function that is; empty: there is none. */
  lastOwner(section: Section): string {
    const owners = [...this.#entries].filter(([, entry]) => Object.keys(entry[section] ?? {}).length > 0);
    return owners.at(-1)?.[0] ?? '';
  }

  has(section: Section, name: string): boolean {
    return [...this.#entries.values()].some((entry) => Object.hasOwn(entry[section] ?? {}, name));
  }

  find<Name extends Section>(section: Name, name: string): NonNullable<DataEntry[Name]>[string] {
    for (const entry of this.#entries.values()) {
      const functions = entry[section] as Record<string, unknown> | undefined;
      if (functions !== undefined && Object.hasOwn(functions, name)) {
        return functions[name] as NonNullable<DataEntry[Name]>[string];
      }
    }
    throw new LinkError(`no plugin implements \`${name}\` (looked for it in the data entries' ${section})`);
  }
}
