/**
 * fakeLinker links verbs in tests: backends by the names it is given, templates whose placeholders are filled from a record.
 */
import type { Linker } from '@sluice/core/plugin';

export function fakeLinker(
  backends: readonly string[] = [],
  placeholders: Readonly<Record<string, string>> = {},
): Linker {
  return {
    backend(name) {
      const index = backends.indexOf(name);
      if (index === -1) throw new Error(`unknown backend "${name}"`);
      return index;
    },
    template: (template) => () =>
      template.template
        .map((part) => (typeof part === 'string' ? part : (placeholders[part.placeholder] ?? '')))
        .join(''),
  };
}
