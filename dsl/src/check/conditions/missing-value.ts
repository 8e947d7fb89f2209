/**
 * MissingValue: `not` over a field that a request may lack. Main thread.
 *
 * A test on something absent is false, so `not header X is y` is true for requests without X: the classic hole. It is an
 * error unless the condition also says, somewhere, that the field is present or absent.
 */
import type { Condition, TestCondition } from '../../plan/condition.ts';
import type { Scope } from '../scope/scope.ts';
import type { Written } from './written.ts';

/** checkMissingValues reports every such `not`, and returns whether there was none. */
export function checkMissingValues(scope: Scope, root: Condition, written: ReadonlyMap<Condition, Written>): boolean {
  if (root.kind === 'test' || root.kind === 'all' || root.kind === 'named') return true;
  const settled = new Set<string>();
  collectSettled(root, settled);
  return new Walk(scope, written, settled).visit(root, false, null, false);
}

function keyOf(test: TestCondition): string {
  return `${test.field} ${test.key ?? ''}`;
}

function collectSettled(condition: Condition, into: Set<string>): void {
  if (condition.kind === 'test') {
    if (condition.operator === 'present' || condition.operator === 'absent') into.add(keyOf(condition));
  } else if (condition.kind === 'and' || condition.kind === 'or') {
    for (const part of condition.of) collectSettled(part, into);
  } else if (condition.kind === 'not' || condition.kind === 'named') {
    collectSettled(condition.of, into);
  }
}

class Walk {
  readonly #scope: Scope;
  readonly #written: ReadonlyMap<Condition, Written>;
  readonly #settled: ReadonlySet<string>;

  constructor(scope: Scope, written: ReadonlyMap<Condition, Written>, settled: ReadonlySet<string>) {
    this.#scope = scope;
    this.#written = written;
    this.#settled = settled;
  }

  /**
   * visit goes down with the number of `not`s passed (odd: negated), the innermost `not` written in this statement, and
   * whether the definition it is in, if any, was negated as a whole: what is inside a definition was reported there.
   */
  visit(condition: Condition, isNegated: boolean, not: Condition | null, isInDefine: boolean): boolean {
    switch (condition.kind) {
      case 'all':
        return true;
      case 'and':
      case 'or': {
        let isRight = true;
        for (const part of condition.of) isRight = this.visit(part, isNegated, not, isInDefine) && isRight;
        return isRight;
      }
      case 'not':
        return this.visit(condition.of, !isNegated, isInDefine ? not : condition, isInDefine);
      case 'named':
        return isNegated || isInDefine ? this.visit(condition.of, isNegated, not, true) : true;
      case 'test':
        return this.#test(condition, isNegated, not);
    }
  }

  #test(test: TestCondition, isNegated: boolean, not: Condition | null): boolean {
    if (!isNegated || not === null) return true;
    const field = this.#scope.vocabulary.fields.get(test.field);
    if (field?.isOptional !== true || this.#settled.has(keyOf(test))) return true;
    const key = this.#written.get(test)?.key ?? test.key;
    const name = key === null ? test.field : `${test.field} ${key}`;
    const fix = `Say \`or ${name} absent\` to mean that, or \`and ${name} present\` to leave them out`;
    this.#scope.error('SL0305', this.#written.get(not)!.span, { field: key ?? test.field }, fix);
    return false;
  }
}
