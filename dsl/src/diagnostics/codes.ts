/**
 * Codes: every diagnostic there is, in one table. Codes are stable and never reused. Main thread.
 *
 * docs/errors is generated from this table (`node dsl/scripts/write-error-docs.ts`), and a test compiles every example.
 */
import { CONDITION_CODES } from './codes/conditions.ts';
import type { CodeEntry } from './codes/entry.ts';
import { LOGIC_CODES } from './codes/logic.ts';
import { NAME_CODES } from './codes/names.ts';
import { PLACEMENT_CODES } from './codes/placement.ts';
import { SYNTAX_CODES } from './codes/syntax.ts';
import { TEST_CODES } from './codes/tests.ts';
import { UNUSED_CODES } from './codes/unused.ts';
import { VALUE_CODES } from './codes/values.ts';

export type { CodeEntry, ExampleContext } from './codes/entry.ts';

/** FAMILIES are the codes by their first two digits, as docs/errors shows them. */
export const FAMILIES: readonly {
  readonly digits: string;
  readonly title: string;
  readonly codes: Readonly<Record<string, CodeEntry>>;
}[] = [
  { digits: '01', title: 'Words and syntax', codes: SYNTAX_CODES },
  { digits: '02', title: 'Conditions', codes: CONDITION_CODES },
  { digits: '03', title: 'Logic', codes: LOGIC_CODES },
  { digits: '04', title: 'Placement', codes: PLACEMENT_CODES },
  { digits: '05', title: 'Unused and unreachable', codes: UNUSED_CODES },
  { digits: '06', title: 'Values and files', codes: VALUE_CODES },
  { digits: '07', title: 'Names and plugins', codes: NAME_CODES },
  { digits: '08', title: 'Tests', codes: TEST_CODES },
];

/** CODES are all entries by code. */
export const CODES: Readonly<Record<string, CodeEntry>> = Object.assign({}, ...FAMILIES.map((family) => family.codes));

/** fill puts values into a template's `{name}`s. */
export function fill(template: string, values: Readonly<Record<string, string | number>>): string {
  return template.replace(/\{([a-zA-Z]+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}
