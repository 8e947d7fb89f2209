/**
 * The verbs `send [N%] to BACKEND [by KEY]` and `send to map NAME of FIELD`. Data threads; hot path.
 */
import type { VerbFactory } from '@sluice/core/plugin';
import { compileKey } from '@sluice/dsl/match';
import type { Template } from '@sluice/dsl/plan';
import { percentOf } from './percent-of.ts';

/** send looks the backend up once, when the plan is linked. With a share it takes the requests whose key falls into it. */
export const send: VerbFactory = (args, linker) => {
  const backend = linker.backend(String(args.backend));
  const { share } = args;
  if (typeof share !== 'number') return { kind: 'route', route: () => backend };
  // The lines before it in its row have taken what lies below.
  const from = typeof args.shareBefore === 'number' ? args.shareBefore : 0;
  const to = from + share;
  const read = compileKey((args.key as readonly string[] | undefined) ?? ['ip']);
  return {
    kind: 'route',
    route(facts) {
      const percent = percentOf(read(facts));
      return percent >= from && percent < to ? backend : -1;
    },
  };
};

/** sendToMap answers with the backend that the map has for the field's value. */
export const sendToMap: VerbFactory = (args, linker) => {
  const backendOf = linker.map(String(args.map));
  const key = linker.template(args.of as Template);
  return { kind: 'route', route: (facts) => backendOf(key(facts)) as number };
};
