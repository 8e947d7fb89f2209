/**
 * The verbs `set header`, `add header` and `remove header`. Data threads; hot path.
 *
 * Fields that frame a message or belong to one connection are the gateway's own: a rule that names one is refused when it is
 * checked, and again when the plan is linked (plans may be built without text), since a changed length or coding would let one request be read as two.
 */

import { FRAMING, type VerbFactory } from '@sluice/core/plugin';
import type { Args, Template } from '@sluice/dsl/plan';
import { verbError } from './errors.ts';

/** setHeader links `set header NAME to TEMPLATE`. */
export const setHeader: VerbFactory = (args, linker) => {
  const name = headerName('set header', args);
  const write = linker.template(args.value as Template);
  return { kind: 'change', change: (facts, fields) => fields.set(name, write(facts)) };
};

/** addHeader links `add header NAME to TEMPLATE`. */
export const addHeader: VerbFactory = (args, linker) => {
  const name = headerName('add header', args);
  const write = linker.template(args.value as Template);
  return { kind: 'change', change: (facts, fields) => fields.add(name, write(facts)) };
};

/** removeHeader links `remove header NAME`. */
export const removeHeader: VerbFactory = (args) => {
  const name = headerName('remove header', args);
  return { kind: 'change', change: (_facts, fields) => fields.remove(name) };
};

function headerName(verb: string, args: Args): string {
  const name = String(args.header);
  const lower = name.toLowerCase();
  if (!isToken(name)) throw verbError('SP1102', { verb, name: JSON.stringify(name) });
  if (FRAMING.includes(lower)) {
    throw verbError('SP1103', { verb, name });
  }
  if (lower === 'host' && verb !== 'set header') {
    throw verbError('SP1104', { verb, name });
  }
  return name;
}

/** isToken: RFC 9110, section 5.6.2. */
function isToken(name: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name);
}
