/**
 * WordNames: the ids under which data threads say, in their heartbeats, whose code they are in. Main thread.
 *
 * Ids are given once and hold for the gateway's life, so that a thread that hangs in an older generation is read right too.
 */
import type { PluginManifest } from '../../plugin/manifest.ts';
import { wordKey } from '../../shared/orders/orders.ts';

export class WordNames {
  readonly #ids: Record<string, number> = Object.create(null);
  /** By id; 0 is the gateway's own code. */
  readonly #names: (string | null)[] = [null];

  /** add gives ids to a plugin's words and components. */
  add(manifest: PluginManifest): void {
    for (const { kind, name } of manifest.words ?? []) this.#add(wordKey(kind, name), manifest.name);
    for (const { slot, name } of manifest.components ?? []) this.#add(wordKey(slot, name), manifest.name);
  }

  /** ids is what `PrepareOrder.wordIds` carries. */
  ids(): Readonly<Record<string, number>> {
    return { ...this.#ids };
  }

  /** name is what people read: `field country of plugin geo`; null for 0 and for ids never given. */
  name(id: number): string | null {
    return this.#names[id] ?? null;
  }

  #add(key: string, plugin: string): void {
    const name = `${key} of plugin ${plugin}`;
    const known = this.#ids[key];
    if (known !== undefined && this.#names[known] === name) return;
    this.#ids[key] = this.#names.push(name) - 1;
  }
}
