/**
 * ResponseBlock: `on response { … }`: what a listener changes of answers. Main thread.
 */
import { didYouMean } from '../../../diagnostics/suggestion.ts';
import type { Rule, RulePart } from '../../../plan/rule.ts';
import type { Span } from '../../../source/source-text.ts';
import type { Statement } from '../../../syntax/tree.ts';
import { Reader } from '../../scope/reader.ts';
import type { Scope } from '../../scope/scope.ts';
import { checkRule, findVerb } from './rule.ts';

const BELONGS: Readonly<Record<RulePart, string>> = {
  guard: 'It is a guard: move it up, before the changes',
  change: 'It changes requests: move it up, before the routes',
  route: 'It is a route: move it up, before the `otherwise`',
};

/** checkResponseBlock returns the changes in written order. `span` is the words `on response`. */
export function checkResponseBlock(scope: Scope, statement: Statement, span: Span): readonly Rule[] {
  const { head, when, whenSpan, block } = statement;
  const extra = head.phrases[0]!.items[2] ?? head.joints[0];
  if (extra !== undefined) scope.error('SL0118', extra, { word: scope.source.text.slice(extra.start, extra.end) });
  if (when !== null) scope.error('SL0123', whenSpan!, {}, 'Add the condition to the changes in the block');
  if (block === null) {
    scope.error('SL0120', span, { word: 'on response' }, 'Write `on response { remove header Server }`');
    return [];
  }
  const rules: Rule[] = [];
  for (const line of block.statements) {
    const rule = line.isBroken || scope.diagnostics.isFull ? null : checkLine(scope, line);
    if (rule !== null) rules.push(rule);
  }
  return rules;
}

function checkLine(scope: Scope, statement: Statement): Rule | null {
  const phrase = statement.head.phrases[0]!;
  scope.reading?.words(new Reader(phrase), scope.vocabulary.verbs, 'verb', (verb) => verb.isForAnswers === true);
  if (phrase.items.length === 0) return null;
  const found = findVerb(scope, phrase, 0);
  const item = phrase.items[0]!;
  if (found === null) {
    const reader = new Reader(phrase);
    const word = reader.wordAt(0);
    if (word === null) return scope.error('SL0112', item, { word: scope.source.text.slice(item.start, item.end) });
    if (word === 'otherwise') return scope.error('SL0440', item, { word }, BELONGS.route);
    const names = scope.vocabulary.verbs.values().flatMap((verb) => (verb.isForAnswers === true ? [verb.name] : []));
    const list = names.length === 0 ? null : `Here: ${names.join(', ')}`;
    const two = reader.wordAt(1) === null ? word : `${word} ${reader.wordAt(1)}`;
    return scope.error('SL0101', item, { word }, didYouMean(two, names, list));
  }
  const { verb, length } = found;
  const span = { start: item.start, end: phrase.items[length - 1]!.end };
  if (verb.isForAnswers !== true) return scope.error('SL0440', span, { word: verb.name }, BELONGS[verb.part]);
  return checkRule(scope, { statement, verb, at: length, span, isOtherwise: false }, 'change', 'response');
}
