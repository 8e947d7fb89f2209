/**
 * Passthrough: the lines `tls passthrough [to BACKEND when CONDITION]` of a listener. Main thread.
 */
import type { ListenerPlan } from '../../../plan/plan.ts';
import type { Rule } from '../../../plan/rule.ts';
import type { Span } from '../../../source/source-text.ts';
import { oneLine } from '../../../syntax/one-line.ts';
import type { Statement } from '../../../syntax/tree.ts';
import type { SettingWord } from '../../../vocabulary/setting-word.ts';
import { checkCondition } from '../../conditions/condition.ts';
import { askedFields } from '../../conditions/known-from.ts';
import { Reader } from '../../scope/reader.ts';
import type { Scope } from '../../scope/scope.ts';
import { endOfLine, readArguments } from '../../values/arguments.ts';

/** readPassthrough returns the line's route, `'all'` for a line that names no backend, or null after reporting. */
export function readPassthrough(
  scope: Scope,
  statement: Statement,
  setting: SettingWord,
  length: number,
): Rule | 'all' | null {
  const { head, when, whenSpan, block } = statement;
  const phrase = head.phrases[0]!;
  const reader = new Reader(phrase, length);
  const span = { start: phrase.start, end: phrase.items[length - 1]!.end };
  const { args, isRight } = readArguments(scope, reader, setting.args, span);
  const doc = 'the condition under which the line applies';
  if (when !== null) scope.reading?.joint(whenSpan!, 'when', doc);
  else if (args.to !== undefined) scope.reading?.keyword(reader, 'when', doc);
  if (!isRight || !endOfLine(scope, reader, setting.args)) return null;
  if (head.joints[0] !== undefined) return scope.error('SL0118', head.joints[0], { word: head.joints[0].kind });
  if (block !== null) return scope.error('SL0119', { start: block.start, end: block.start + 1 });
  if (args.to === undefined) return when === null ? 'all' : scope.error('SL0123', whenSpan!);
  if (when === null) {
    const fix = 'Add `when sni …`; to forward everything, write `listener … tcp { tls passthrough; … }`';
    return scope.error('SL0304', span, { word: setting.name }, fix);
  }
  const place = scope.connectionPlace;
  scope.connectionPlace = 'before TLS is opened';
  const condition = checkCondition(scope, when, 0, 'connection');
  scope.connectionPlace = place;
  if (condition === null) return null;
  const late = askedFields(condition, scope.vocabulary).get('handshake');
  if (late !== undefined) return scope.error('SL0407', whenSpan!, { word: late, where: 'before TLS is opened' });
  return {
    part: 'route',
    verb: setting.name,
    args: { backend: args.to },
    when: condition,
    text: oneLine(scope.source.text, statement.start, statement.headEnd),
    place: scope.place({ start: statement.start, end: statement.headEnd }),
  };
}

/** Passthroughs are a listener's. */
export class Passthroughs {
  readonly #rules: Rule[] = [];
  /** The first line. */
  #first: Span | null = null;

  add(rule: Rule, span: Span, scope: Scope): void {
    this.#rules.push(rule);
    this.#first ??= span;
    if (this.#rules.length > 1 && this.#rules.at(-2)!.when?.kind === 'all') {
      scope.error('SL0501', span, { line: this.#rules.at(-2)!.place.line });
    }
  }

  /** hasLines: there are some. */
  get hasLines(): boolean {
    return this.#first !== null;
  }

  /** check reports lines that leave what is no TLS. `isTls`: what they leave is TLS too. */
  check(scope: Scope, isTls: boolean): void {
    if (!isTls && this.#first !== null) scope.error('SL0409', this.#first);
  }

  /** plan is the listener's part. `isAsked`: its rules ask for what stands in a hello. */
  plan(isPassthrough: boolean, isAsked: boolean): Pick<ListenerPlan, 'passthroughs' | 'readsHello' | 'isPassthrough'> {
    return {
      ...(this.#rules.length === 0 ? {} : { passthroughs: this.#rules }),
      ...(this.#rules.length > 0 || isAsked || isPassthrough ? { readsHello: true } : {}),
      ...(isPassthrough ? { isPassthrough } : {}),
    };
  }
}
