/**
 * Coverage: which rules the tests have seen match, and which comparisons they have seen hold and not hold. Main thread.
 *
 * A rule counts once it has matched; a comparison counts twice: once it has held, and once it has not. Comparisons in a definition
 * belong to the definition, whichever rule uses it.
 */
import type { ConditionExplanation, Explanation, RuleExplanation } from '@sluice/core';
import { rulesOf } from '@sluice/core';
import { type Condition, formatPlace, type Plan } from '@sluice/dsl/plan';

/** Gap is something that no test has seen. */
export interface Gap {
  readonly place: string;
  /** The rule or comparison. */
  readonly text: string;
  readonly missing: 'matched' | 'true' | 'false';
}

export interface CoverageReport {
  /** 0 to 100, with one decimal, rounded down; 100 where there is nothing to see. */
  readonly percent: number;
  readonly seen: number;
  readonly all: number;
  /** In the order of the file. */
  readonly gaps: readonly Gap[];
}

export class Coverage {
  readonly #plan: Plan;
  readonly #matched = new Set<string>();
  readonly #held = new Map<string, Set<boolean>>();

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  add({ passthroughs, guards, changes, routes }: Explanation): void {
    for (const rule of [...passthroughs, ...guards, ...changes, ...routes]) this.#rule(rule);
  }

  /** hasMatched: a test has seen the rule at this place match. */
  hasMatched(place: string): boolean {
    return this.#matched.has(place);
  }

  report(): CoverageReport {
    const gaps: Gap[] = [];
    let all = 0;
    const told = new Set<string>();
    const comparison = (condition: Condition): void => {
      if (condition.kind === 'and' || condition.kind === 'or') condition.of.forEach(comparison);
      else if (condition.kind === 'not' || condition.kind === 'named') comparison(condition.of);
      else if (condition.kind === 'test') {
        const place = formatPlace(condition.place);
        if (told.has(place)) return;
        told.add(place);
        const held = this.#held.get(place);
        for (const way of [true, false]) {
          all++;
          if (held?.has(way) !== true)
            gaps.push({ place, text: comparisonText(condition), missing: way ? 'true' : 'false' });
        }
      }
    };
    for (const rule of rulesOf(this.#plan)) {
      const place = formatPlace(rule.place);
      all++;
      if (!this.#matched.has(place)) gaps.push({ place, text: rule.text, missing: 'matched' });
      if (rule.when !== null) comparison(rule.when);
    }
    const seen = all - gaps.length;
    return { percent: all === 0 ? 100 : Math.floor((seen * 1000) / all) / 10, seen, all, gaps };
  }

  #rule({ place, outcome, condition }: RuleExplanation): void {
    if (outcome === 'match') this.#matched.add(place);
    if (condition !== null) this.#condition(condition);
  }

  #condition({ place, holds, isReached, error, of }: ConditionExplanation): void {
    if (!isReached) return;
    for (const inner of of) this.#condition(inner);
    if (of.length > 0 || error !== null) return;
    const held = this.#held.get(place) ?? new Set();
    this.#held.set(place, held.add(holds));
  }
}

function comparisonText(test: Extract<Condition, { kind: 'test' }>): string {
  const { field, key, operator, list, values } = test;
  const shown = list ?? `${values.slice(0, 3).join(', ')}${values.length > 3 ? ', …' : ''}`;
  return `${field}${key === null ? '' : ` ${key}`} ${operator}${shown === '' ? '' : ` ${shown}`}`;
}
