/**
 * RuleScopes: a name for each rule of a listener under which plugins keep what they count. Both planes.
 */
import type { Rule } from '@sluice/dsl/plan';

/** ruleScopes names each rule by its listener and its text, the second of the same text by its number too. */
export function ruleScopes(listener: string, rules: readonly Rule[]): string[] {
  const seen = new Map<string, number>();
  return rules.map(({ part, text }) => {
    const count = (seen.get(text) ?? 0) + 1;
    seen.set(text, count);
    return `${listener} ${part} ${count} ${text}`;
  });
}
