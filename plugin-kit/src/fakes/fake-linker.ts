/**
 * FakeLinker: what a verb is linked with, without a plan.
 */
import type { Linker } from '@sluice/core/plugin';

/** FakeNames are the names that a fake linker knows. */
export interface FakeNames {
  /** Backends in their order: a name's place is its index. Default: none. */
  readonly backends?: readonly string[];
  /** Values of templates' placeholders, by name. Default: empty texts. */
  readonly placeholders?: Readonly<Record<string, string>>;
  /** Maps by name; their keys as text. Default: none. */
  readonly maps?: Readonly<Record<string, Readonly<Record<string, string | number>>>>;
  /** Milliseconds to wait that `rates.take` returns. Default 0: nothing is ever over its rate. */
  readonly waitMs?: number;
}

/** fakeLinker makes a linker. It throws for a name that it does not know, as the gateway's does. */
export function fakeLinker({ backends = [], placeholders = {}, maps = {}, waitMs = 0 }: FakeNames = {}): Linker {
  return {
    rates: { take: () => waitMs },
    scope: 'rule',
    backend(name) {
      const index = backends.indexOf(name);
      if (index === -1) throw new Error(`unknown backend "${name}"`);
      return index;
    },
    map(name) {
      const map = maps[name];
      if (map === undefined) throw new Error(`unknown map "${name}"`);
      return (key) => map[String(key)] ?? '';
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
