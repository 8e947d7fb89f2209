/**
 * ShareRow: routes in a row that each take a share, `send 10% to a`, `send 20% to b`: the second takes 20% of all, not of
 * what the first has left. Main thread.
 */
import type { Rule } from '../../../plan/rule.ts';
import type { Scope } from '../../scope/scope.ts';
import type { VerbLine } from './rule.ts';

export class ShareRow {
  readonly #scope: Scope;
  /** What the lines of the present row are alike in. */
  #alike: string | null = null;
  #sum = 0;

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  /**
   * place gives a rule the share of the lines directly before it that tell requests apart by the same key, as its argument's
   * name and `Before`. Reports a row that comes to more than 100%.
   */
  place(rule: Rule, { verb, statement, at }: VerbLine): Rule {
    const word = verb.args.find((arg) => arg.isPartial === true && arg.type === 'percent');
    const share = word === undefined ? undefined : rule.args[word.name];
    if (word === undefined || typeof share !== 'number') {
      this.#alike = null;
      return rule;
    }
    const alike = JSON.stringify([rule.verb, rule.args.key ?? ['ip']]);
    const before = this.#alike === alike ? this.#sum : 0;
    this.#alike = alike;
    this.#sum = Math.round((before + share) * 1e6) / 1e6;
    const span = statement.head.phrases[0]!.items[at] ?? statement;
    if (this.#sum > 100) this.#scope.error('SL0340', span, { sum: this.#sum });
    return before === 0 ? rule : { ...rule, args: { ...rule.args, [`${word.name}Before`]: before } };
  }
}
