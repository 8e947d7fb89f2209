/**
 * RuleReader: how often each rule of the active generation was hit, read from shared memory. Main thread.
 */
import type { ListenerPlan } from '@sluice/dsl/plan';
import { RuleHitSums, UNCOUNTED_RULE } from '../../shared/tables/rule-hits.ts';
import type { SharedMemory } from '../../shared/tables/shared-memory.ts';
import type { Generation } from '../reload/generations.ts';
import { countedRules } from '../slots/slots.ts';

/** RULE_KINDS are the kinds of rules of a listener, in the order in which they are judged. `response` is `on response`. */
export const RULE_KINDS = ['guard', 'change', 'route', 'response', 'passthrough'] as const;

export type RuleKind = (typeof RULE_KINDS)[number];

/** RuleStats is a rule and how often its conditions were true when it was its turn. */
export interface RuleStats {
  readonly listener: string;
  readonly kind: RuleKind;
  /** As written, on one line. */
  readonly text: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Since the rule stands there with these words; null: it is not counted, as only the first 8192 rules are. */
  readonly hits: number | null;
}

export class RuleReader {
  readonly #hits: RuleHitSums;

  constructor(memory: SharedMemory) {
    this.#hits = new RuleHitSums(memory);
  }

  read({ plan, slots }: Generation): readonly RuleStats[] {
    return plan.listeners.flatMap((listener) => {
      const kinds = kindsOf(listener);
      return countedRules(listener).map(({ text, place }, at): RuleStats => {
        const slot = slots.rules?.[listener.name]?.[at] ?? UNCOUNTED_RULE;
        const hits = slot === UNCOUNTED_RULE ? null : this.#hits.rule(slot);
        const { file, line, column } = place;
        return { listener: listener.name, kind: kinds[at]!, text, file, line, column, hits };
      });
    });
  }
}

function kindsOf({ guards, changes, routes, responseChanges, passthroughs = [] }: ListenerPlan): readonly RuleKind[] {
  return [guards, changes, routes, responseChanges, passthroughs].flatMap((rules, index) =>
    rules.map(() => RULE_KINDS[index]!),
  );
}
