/**
 * Trace: why a request gets its verdict, rule by rule and comparison by comparison. For explain; main thread.
 *
 * Outcomes are the reference interpreter's. Parts that the verdict did not depend on are shown too, and marked so.
 */
import type { Condition } from '../../plan/condition.ts';
import type { Rule } from '../../plan/rule.ts';
import { IpAddress } from '../address/ip-address.ts';
import type { RequestFacts } from '../facts/facts.ts';
import type { Readers } from '../facts/field-source.ts';
import { MatchError } from '../facts/match-error.ts';
import { readValues, testHolds } from './interpret.ts';

export interface RuleTrace {
  /** The rule's index in its list. */
  readonly index: number;
  readonly rule: Rule;
  readonly outcome: 'match' | 'no match' | 'error';
  /** null for a rule without a condition. */
  readonly condition: ConditionTrace | null;
  /** Why the rule could not be decided; null unless the outcome is `error`. */
  readonly error: MatchError | null;
}

export interface ConditionTrace {
  readonly condition: Condition;
  /** False as well when it could not be decided. */
  readonly holds: boolean;
  /** The field's value as text, several joined by `, `; null when it is absent, could not be read, or for no test. */
  readonly value: string | null;
  /** Whether live traffic would have come to it: the parts before it left the outcome open. */
  readonly isReached: boolean;
  /** Why it could not be decided, or null. */
  readonly error: string | null;
  readonly of: readonly ConditionTrace[];
}

/**
 * traceRules traces every rule up to the first that matches or cannot be decided. It goes on behind a match for which
 * `goesOn` says so: always for changes, and for a rule that takes only some of the requests it matches.
 */
export function traceRules(
  rules: readonly Rule[],
  readers: Readers,
  facts: RequestFacts,
  goesOn: boolean | ((rule: Rule) => boolean) = false,
): RuleTrace[] {
  const traces: RuleTrace[] = [];
  for (const [index, rule] of rules.entries()) {
    const traced = rule.when === null ? null : traceCondition(rule.when, readers, facts, true);
    const thrown = traced?.thrown;
    const outcome = thrown !== undefined ? 'error' : traced === null || traced.trace.holds ? 'match' : 'no match';
    const error = thrown === undefined ? null : MatchError.from(index, thrown.error);
    traces.push({ index, rule, outcome, condition: traced?.trace ?? null, error });
    if (outcome === 'error') break;
    if (outcome === 'match' && !(typeof goesOn === 'boolean' ? goesOn : goesOn(rule))) break;
  }
  return traces;
}

interface Traced {
  readonly trace: ConditionTrace;
  /** What was thrown where live traffic comes to it. */
  readonly thrown: { readonly error: unknown } | undefined;
}

function traceCondition(condition: Condition, readers: Readers, facts: RequestFacts, isReached: boolean): Traced {
  const traced = (holds: boolean, parts: readonly Traced[]): Traced => {
    const thrown = parts.find((inner) => inner.thrown !== undefined)?.thrown;
    const of = parts.map((inner) => inner.trace);
    return {
      trace: { condition, holds: thrown === undefined && holds, value: null, isReached, error: null, of },
      thrown,
    };
  };
  switch (condition.kind) {
    case 'all':
      return traced(true, []);
    case 'named': {
      const inner = traceCondition(condition.of, readers, facts, isReached);
      return traced(inner.trace.holds, [inner]);
    }
    case 'not': {
      const inner = traceCondition(condition.of, readers, facts, isReached);
      return traced(!inner.trace.holds, [inner]);
    }
    case 'and':
    case 'or': {
      const decides = condition.kind === 'or';
      let isOpen = true;
      const parts: Traced[] = [];
      for (const part of condition.of) {
        const inner = traceCondition(part, readers, facts, isReached && isOpen);
        parts.push(inner);
        if (isOpen && inner.thrown === undefined && inner.trace.holds === decides) isOpen = false;
      }
      if (isOpen) return traced(!decides, parts);
      const trace: ConditionTrace = { ...traced(decides, parts).trace, holds: decides };
      return { trace, thrown: undefined };
    }
    case 'test': {
      let value: string | null = null;
      try {
        const found = readValues(condition, readers, facts);
        if (found.length > 0)
          value = found.map((one) => (one instanceof IpAddress ? one.text : String(one))).join(', ');
        const holds = testHolds(condition, found);
        return { trace: { condition, holds, value, isReached, error: null, of: [] }, thrown: undefined };
      } catch (error) {
        const { message } = MatchError.from(0, error);
        const trace: ConditionTrace = { condition, holds: false, value, isReached, error: message, of: [] };
        return { trace, thrown: { error } };
      }
    }
  }
}
