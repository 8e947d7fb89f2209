/**
 * The verbs `set query` and `remove query`. Data threads; hot path.
 */
import type { VerbFactory } from '@sluice/core/plugin';
import type { Template } from '@sluice/dsl/plan';
import { queryValues, withoutParameter } from './query.ts';

/** setQuery links `set query NAME to TEMPLATE`. The parameter comes last; name and value are percent-encoded. */
export const setQuery: VerbFactory = (args, linker) => {
  const name = String(args.parameter);
  const begin = `${encode(name)}=`;
  const write = linker.template(args.value as Template);
  return {
    kind: 'request change',
    change(facts, request) {
      const left = withoutParameter(request.query, name);
      request.setQuery(`${left === '' ? '' : `${left}&`}${begin}${encode(write(facts))}`);
    },
  };
};

/** removeQuery links `remove query NAME`. */
export const removeQuery: VerbFactory = (args) => {
  const name = String(args.parameter);
  return {
    kind: 'request change',
    change(_facts, request) {
      if (queryValues(request.query, name) !== undefined) request.setQuery(withoutParameter(request.query, name));
    },
  };
};

/** encode is encodeURIComponent that takes lone surrogates too. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
