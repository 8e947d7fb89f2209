/**
 * JudgedHeaders: the request header fields that a listener's rules read or write. Main thread.
 *
 * Servers must not see another spelling of them than the rules did.
 */
import type { Condition } from '../../../plan/condition.ts';
import type { ListenerPlan } from '../../../plan/plan.ts';
import type { ArgValue, Rule } from '../../../plan/rule.ts';
import type { Vocabulary } from '../../../vocabulary/vocabulary.ts';

export class JudgedHeaders {
  readonly #names = new Set<string>();
  /** Definitions are shared, so each is looked at once. */
  readonly #seen = new Set<Condition>();

  add(name: string): void {
    this.#names.add(name.toLowerCase());
  }

  /** use notes what a rule reads and writes. */
  use({ verb, args, when }: Rule, vocabulary: Vocabulary): void {
    if (when !== null) this.#visit(when, vocabulary);
    for (const { name, type } of vocabulary.verbs.get(verb)?.args ?? []) {
      const value = args[name];
      if (type === 'header' && typeof value === 'string') this.add(value);
      else if (type === 'key' && Array.isArray(value) && value[0] === 'header') this.add(String(value[1]));
      else this.#template(value, vocabulary);
    }
  }

  #template(value: ArgValue | undefined, vocabulary: Vocabulary): void {
    if (typeof value !== 'object' || value === null || !('template' in value)) return;
    for (const part of value.template) {
      if (typeof part === 'object' && 'placeholder' in part) this.#field(part.placeholder, part.key, vocabulary);
    }
  }

  #visit(condition: Condition, vocabulary: Vocabulary): void {
    if (this.#seen.has(condition)) return;
    this.#seen.add(condition);
    switch (condition.kind) {
      case 'all':
        return;
      case 'test':
        this.#field(condition.field, condition.key, vocabulary);
        return;
      case 'not':
      case 'named':
        this.#visit(condition.of, vocabulary);
        return;
      default:
        for (const part of condition.of) this.#visit(part, vocabulary);
    }
  }

  /** Fields whose keys ignore case are those of headers. */
  #field(name: string, key: string | null, vocabulary: Vocabulary): void {
    if (key !== null && vocabulary.fields.get(name)?.key?.ignoresCase === true) this.add(key);
  }

  plan(): Pick<ListenerPlan, 'judgedHeaders'> {
    return this.#names.size === 0 ? {} : { judgedHeaders: [...this.#names] };
  }
}
