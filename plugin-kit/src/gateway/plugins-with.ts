/**
 * PluginsWith: the plugins of a gateway under test.
 */
import type { PluginManifest } from '@sluice/core';
import { standard } from '@sluice/standard';

/** pluginsWith returns the standard plugins and those that are tried. One that is tried replaces a standard plugin of the same name. */
export function pluginsWith(tried: PluginManifest | readonly PluginManifest[]): readonly PluginManifest[] {
  const own = [tried].flat();
  const names = new Set(own.map(({ name }) => name));
  return [...standard.filter(({ name }) => !names.has(name)), ...own];
}
