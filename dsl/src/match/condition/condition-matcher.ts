/**
 * ConditionMatcher: written conditions compiled to functions. Data plane, hot path.
 *
 * One compiler serves one list of rules: what several rules share (a field, a `define`d condition) is worked out once a
 * pass. Evaluation goes in written order and stops as soon as the outcome is known. A part that fails matters only when
 * no other part decides: `A and B` is false when either is, whatever became of the other. So the order of the parts never
 * changes the outcome, and an index may look at any part first.
 */
import type { Condition, TestCondition } from '../../plan/condition.ts';
import type { Steps } from '../build/steps.ts';
import type { RequestFacts } from '../facts/facts.ts';
import { compileRead, fieldId, type Pass, type Read, type Readers, readOnce } from '../facts/field-source.ts';
import { compileTest, type Matcher } from './test-matcher.ts';

export class ConditionCompiler {
  /** The owner adds one before every pass over the rules. */
  readonly pass: Pass = { number: 0 };
  readonly #readers: Readers;
  readonly #uses = new Map<string | Condition, number>();
  readonly #reads = new Map<string, Read>();
  readonly #named = new Map<Condition, Matcher>();

  /** create counts what the conditions share. */
  static *create(readers: Readers, conditions: readonly (Condition | null)[]): Steps<ConditionCompiler> {
    const compiler = new ConditionCompiler(readers);
    for (const condition of conditions) {
      if (condition !== null) compiler.#count(condition);
      yield;
    }
    return compiler;
  }

  private constructor(readers: Readers) {
    this.#readers = readers;
  }

  compile(condition: Condition): Matcher {
    switch (condition.kind) {
      case 'all':
        return () => true;
      case 'test':
        return compileTest(condition, this.read(condition));
      case 'not': {
        const inner = this.compile(condition.of);
        return (facts) => !inner(facts);
      }
      case 'and':
        return allOf(condition.of.map((inner) => this.compile(inner)));
      case 'or':
        return someOf(condition.of.map((inner) => this.compile(inner)));
      case 'named':
        return this.#compileNamed(condition.of);
    }
  }

  /** read returns the source of a test's field, shared by all tests of the same field and key. */
  read(test: Pick<TestCondition, 'field' | 'key'>): Read {
    const id = fieldId(test);
    let read = this.#reads.get(id);
    if (read === undefined) {
      read = compileRead(test, this.#readers);
      if (this.#uses.get(id) !== 1) read = readOnce(read, this.pass);
      this.#reads.set(id, read);
    }
    return read;
  }

  #compileNamed(condition: Condition): Matcher {
    let matcher = this.#named.get(condition);
    if (matcher === undefined) {
      matcher = this.compile(condition);
      if (this.#uses.get(condition) !== 1) matcher = decideOnce(matcher, this.pass);
      this.#named.set(condition, matcher);
    }
    return matcher;
  }

  #count(condition: Condition): void {
    switch (condition.kind) {
      case 'all':
        return;
      case 'test':
        this.#used(fieldId(condition));
        return;
      case 'named':
        if (this.#used(condition.of) === 1) this.#count(condition.of);
        return;
      case 'not':
        this.#count(condition.of);
        return;
      default:
        for (const inner of condition.of) this.#count(inner);
    }
  }

  #used(what: string | Condition): number {
    const uses = (this.#uses.get(what) ?? 0) + 1;
    this.#uses.set(what, uses);
    return uses;
  }
}

/** decideOnce remembers the outcome for the rest of a pass. */
function decideOnce(matcher: Matcher, pass: Pass): Matcher {
  let known = 0;
  let holds = false;
  return (facts) => {
    if (known !== pass.number) {
      holds = matcher(facts);
      known = pass.number;
    }
    return holds;
  };
}

function allOf(matchers: readonly Matcher[]): Matcher {
  const [first, second] = matchers;
  if (first === undefined) return () => true;
  if (second === undefined) return first;
  return (facts) => {
    let index = 0;
    try {
      for (; index < matchers.length; index++) {
        if (!matchers[index]!(facts)) return false;
      }
      return true;
    } catch (error) {
      return decideWithout(matchers, index, facts, false, error);
    }
  };
}

function someOf(matchers: readonly Matcher[]): Matcher {
  const [first, second] = matchers;
  if (first === undefined) return () => false;
  if (second === undefined) return first;
  return (facts) => {
    let index = 0;
    try {
      for (; index < matchers.length; index++) {
        if (matchers[index]!(facts)) return true;
      }
      return false;
    } catch (error) {
      return decideWithout(matchers, index, facts, true, error);
    }
  };
}

/** decideWithout looks for a part behind the failed one that decides all the same, and throws the failure if there is none. */
function decideWithout(
  matchers: readonly Matcher[],
  failed: number,
  facts: RequestFacts,
  decides: boolean,
  failure: unknown,
): boolean {
  for (let index = failed + 1; index < matchers.length; index++) {
    try {
      if (matchers[index]!(facts) === decides) return decides;
    } catch {
      // The first failure is the one that is told.
    }
  }
  throw failure;
}
