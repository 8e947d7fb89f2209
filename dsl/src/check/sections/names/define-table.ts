/**
 * DefineTable: the `define` lines by name. A definition is checked when it is first used, or at the end. Main thread.
 */
import type { Condition } from '../../../plan/condition.ts';
import type { SourceText, Span } from '../../../source/source-text.ts';
import type { Expression } from '../../../syntax/tree.ts';
import { checkCondition } from '../../conditions/condition.ts';
import { type ConditionPhase, PHASE_RANK } from '../../scope/condition-phase.ts';
import type { Definitions, Scope } from '../../scope/scope.ts';

/** Deepest chain of definitions that use one another. */
const DEPTH_LIMIT = 64;
/** Most tests in a definition, those of the definitions it uses included: the plan holds them all. */
const SIZE_LIMIT = 10_000;

interface Define {
  readonly name: string;
  readonly span: Span;
  readonly source: SourceText;
  readonly expression: Expression;
  /** The item of the first phrase at which the condition begins. */
  readonly from: number;
  state: 'unread' | 'reading' | 'read';
  condition: Condition | null;
  size: number;
  /** How deep the definitions that it uses use others. */
  depth: number;
  phase: ConditionPhase;
  isUsed: boolean;
}

type Measured = Pick<Define, 'size' | 'depth' | 'phase'>;

export class DefineTable implements Definitions {
  readonly #scope: Scope;
  /** Those of all files, while an editor has a line read separately. */
  readonly #known: Definitions | null;
  readonly #defines = new Map<string, Define>();
  /** Names that a broken line was to define: no word about them. */
  readonly #broken = new Set<string>();
  #depth = 0;

  constructor(scope: Scope) {
    this.#scope = scope;
    this.#known = scope.knownDefines;
  }

  names(): string[] {
    return [...(this.#known?.names() ?? []), ...this.#defines.keys()];
  }

  namesIn(phase: ConditionPhase): string[] {
    const own = [...this.#defines.values()].filter((define) => {
      this.#read(define, define.span);
      return define.state !== 'reading' && PHASE_RANK[define.phase] <= PHASE_RANK[phase];
    });
    const known = (this.#known?.namesIn(phase) ?? []).filter(
      (name) => !this.#defines.has(name) && !this.#broken.has(name),
    );
    return [...known, ...own.map(({ name }) => name)];
  }

  placeOf(name: string): { readonly source: SourceText; readonly span: Span } | undefined {
    return this.#defines.get(name) ?? this.#known?.placeOf(name);
  }

  add(name: string, span: Span, expression: Expression, from: number): void {
    const { source } = this.#scope;
    const define: Define = {
      name,
      span,
      source,
      expression,
      from,
      state: 'unread',
      condition: null,
      size: 0,
      depth: 0,
      phase: 'connection',
      isUsed: false,
    };
    this.#defines.set(name, define);
  }

  addBroken(name: string): void {
    this.#broken.add(name);
  }

  /** resolve returns a definition's condition; null: it has an error, reported already; undefined: there is none. */
  resolve(name: string, phase: ConditionPhase, user: Span): Condition | null | undefined {
    const define = this.#defines.get(name);
    if (define === undefined) return this.#broken.has(name) ? null : this.#known?.resolve(name, phase, user);
    define.isUsed = true;
    if (define.state === 'reading') return this.#scope.error('SL0309', user, { name });
    this.#read(define, user);
    if (define.condition === null) return null;
    if (PHASE_RANK[define.phase] > PHASE_RANK[phase]) {
      return this.#scope.error(
        'SL0407',
        user,
        { word: name, where: this.#scope.connectionPlace },
        'Its definition tests requests',
      );
    }
    return define.condition;
  }

  /** checkAll checks the definitions that nothing used. */
  checkAll(): void {
    for (const define of this.#defines.values()) this.#read(define, define.span);
  }

  /** warnOfUnused warns of each definition that nothing used. */
  warnOfUnused(): void {
    for (const define of this.#defines.values()) {
      if (!define.isUsed) this.#inFile(define, () => this.#scope.error('SL0503', define.span, { name: define.name }));
    }
  }

  #inFile(define: Define, run: () => void): void {
    const scope = this.#scope;
    const before = scope.source;
    scope.source = define.source;
    run();
    scope.source = before;
  }

  #read(define: Define, user: Span): void {
    if (define.state !== 'unread') return;
    if (this.#depth >= DEPTH_LIMIT) {
      this.#scope.error('SL0310', user, { limit: DEPTH_LIMIT });
      return;
    }
    define.state = 'reading';
    this.#depth++;
    this.#inFile(define, () => {
      const condition = checkCondition(this.#scope, define.expression, define.from, 'request');
      if (condition === null) return;
      const measured = this.#measure(condition);
      define.phase = measured.phase;
      define.size = measured.size;
      define.depth = measured.depth + 1;
      if (define.depth > DEPTH_LIMIT) this.#scope.error('SL0310', define.span, { limit: DEPTH_LIMIT });
      else if (measured.size > SIZE_LIMIT)
        this.#scope.error('SL0308', define.span, { name: define.name, limit: SIZE_LIMIT });
      else define.condition = condition;
    });
    this.#depth--;
    define.state = 'read';
  }

  /** The definitions that it uses have been measured before it. */
  #measure(condition: Condition): Measured {
    if (condition.kind === 'test') {
      return { size: 1, depth: 0, phase: this.#scope.vocabulary.fields.get(condition.field)?.phase ?? 'request' };
    }
    if (condition.kind === 'named') return this.#defines.get(condition.name) ?? { size: 1, depth: 0, phase: 'request' };
    if (condition.kind === 'not') return this.#measure(condition.of);
    if (condition.kind === 'all') return { size: 1, depth: 0, phase: 'connection' };
    let size = 0;
    let depth = 0;
    let phase: ConditionPhase = 'connection';
    for (const part of condition.of) {
      const measured = this.#measure(part);
      size += measured.size;
      depth = Math.max(depth, measured.depth);
      if (PHASE_RANK[measured.phase] > PHASE_RANK[phase]) phase = measured.phase;
    }
    return { size, depth, phase };
  }
}
