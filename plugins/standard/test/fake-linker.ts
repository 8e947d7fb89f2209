/**
 * fakeLinker links verbs in tests: backends by the names it is given, templates whose placeholders are filled from a record.
 */
import type { Linker } from '@sluice/core/plugin';

export function fakeLinker(
  backends: readonly string[] = [],
  placeholders: Readonly<Record<string, string>> = {},
): Linker {
  return {
    rates: { take: () => 0 },
    scope: 'rule',
    backend(name) {
      const index = backends.indexOf(name);
      if (index === -1) throw new Error(`unknown backend "${name}"`);
      return index;
    },
    map: (name) => {
      throw new Error(`unknown map "${name}"`);
    },
    template: (template) => () =>
      template.template
        .map((part) => {
          if (typeof part === 'string') return part;
          return 'secret' in part ? part.secret : (placeholders[part.placeholder] ?? '');
        })
        .join(''),
  };
}
