/**
 * Rule: one guard, change or route line to the plan's rule. Main thread.
 */
import type { Condition } from '../../../plan/condition.ts';
import type { Rule, RulePart } from '../../../plan/rule.ts';
import type { Span } from '../../../source/source-text.ts';
import { oneLine } from '../../../syntax/one-line.ts';
import type { Phrase, Statement } from '../../../syntax/tree.ts';
import type { VerbWord } from '../../../vocabulary/word.ts';
import { checkCondition, expectTest } from '../../conditions/condition.ts';
import { type ConditionPhase, PHASE_RANK } from '../../scope/condition-phase.ts';
import { Reader } from '../../scope/reader.ts';
import type { Scope } from '../../scope/scope.ts';
import { unknownYet } from '../../scope/unknown-yet.ts';
import { endOfLine, readArguments } from '../../values/arguments.ts';
import type { ReadArguments } from '../../values/read-arguments.ts';

/** A verb at the head of a line. */
export interface VerbLine {
  readonly statement: Statement;
  readonly verb: VerbWord;
  /** The first item behind the verb. */
  readonly at: number;
  /** The verb as written. */
  readonly span: Span;
  readonly isOtherwise: boolean;
}

/** checkRule returns the rule, or null after reporting what is wrong with it. `part` is where it stands. */
export function checkRule(scope: Scope, line: VerbLine, part: RulePart, phase: ConditionPhase): Rule | null {
  const { statement, verb, span, isOtherwise } = line;
  let isRight = isKnownYet(scope, verb, span, phase);
  const { head, when, whenSpan } = statement;
  const reader = new Reader(head.phrases[0]!, line.at);
  const read = readArguments(scope, reader, verb.args, span);
  if (scope.reading !== null) expectWhen(scope, line, reader, read, phase);
  isRight &&= read.isRight && areKeysKnownYet(scope, line, read, phase);
  let condition: Condition | null = null;
  const isPartial = verb.isPartial === true || verb.args.some((arg) => arg.isPartial === true && arg.name in read.args);
  const hasInline = !reader.isDone || head.joints.length > 0;
  if (isOtherwise) {
    if (when !== null) isRight = scope.error('SL0311', whenSpan!) ?? false;
    else if (hasInline && read.isRight) isRight = leftOver(scope, reader, statement, 'SL0311') ?? false;
  } else if (when !== null) {
    if (hasInline && read.isRight) isRight = leftOver(scope, reader, statement, 'SL0118') ?? false;
    condition = checkCondition(scope, when, 0, phase);
    isRight &&= condition !== null;
  } else if (hasInline) {
    const [joint] = head.joints;
    if (!read.isRight) isRight = false;
    else if (reader.isDone && verb.takesCondition === true)
      isRight = scope.error('SL0111', joint!, { side: 'before', word: joint!.kind }) ?? false;
    else if (!takesInline(scope, line, reader, read.spans)) isRight = false;
    else {
      condition = checkCondition(scope, head, reader.at, phase);
      isRight &&= condition !== null;
    }
  } else if (part !== 'change' && read.isRight && !isPartial) {
    isRight = unconditional(scope, line, part) ?? false;
  }
  if (statement.block !== null)
    isRight = scope.error('SL0119', { start: statement.block.start, end: statement.block.start + 1 }) ?? false;
  if (!isRight) return null;
  const whole = { start: statement.start, end: statement.headEnd };
  const text = oneLine(scope.source.text, whole.start, whole.end);
  const rule = { part, verb: verb.name, args: read.args, when: condition, text, place: scope.place(whole) };
  return isPartial ? { ...rule, isPartial } : rule;
}

/** expectWhen notes for an editor that a condition may begin behind the arguments, and what it begins with. */
function expectWhen(
  scope: Scope,
  { statement, verb, isOtherwise }: VerbLine,
  reader: Reader,
  { isRight, spans }: ReadArguments,
  phase: ConditionPhase,
): void {
  const { when, whenSpan } = statement;
  if (isOtherwise) return;
  if (when !== null) scope.reading!.joint(whenSpan!, 'when', WHEN);
  if (!isRight || when !== null) return;
  scope.reading!.keyword(reader, 'when', WHEN);
  if (verb.takesCondition === true && spans.size === 0 && reader.isDone) expectTest(scope, reader, phase);
}

const WHEN = 'the condition under which the line applies';

/** Of what requests are told apart by, a connection shows its address only. */
function areKeysKnownYet(
  scope: Scope,
  { verb }: VerbLine,
  { args, spans }: ReadArguments,
  phase: ConditionPhase,
): boolean {
  if (phase !== 'connection') return true;
  for (const { name, type } of verb.args) {
    const span = spans.get(name);
    const kind = type === 'key' && span !== undefined ? (args[name] as readonly string[])[0]! : 'ip';
    if (kind === 'ip' || kind === 'global') continue;
    scope.error('SL0407', span!, { word: kind, where: 'in a `tcp` listener' }, 'Here: ip');
    return false;
  }
  return true;
}

function isKnownYet(scope: Scope, verb: VerbWord, span: Span, phase: ConditionPhase): boolean {
  if (PHASE_RANK[verb.phase] <= PHASE_RANK[phase]) return true;
  unknownYet(scope, span, verb, phase, scope.vocabulary.verbs.values());
  return false;
}

/** A condition may follow at once where the verb says so, unless arguments stand between. */
function takesInline(scope: Scope, line: VerbLine, reader: Reader, spans: ReadonlyMap<string, Span>): boolean {
  if (line.verb.takesCondition === true && spans.size === 0) return true;
  const next = reader.peek();
  const { fields } = scope.vocabulary;
  const isTest =
    next !== undefined &&
    (next.kind === 'group' ||
      next.kind === 'not' ||
      fields.match(reader.wordAt, reader.at) !== null ||
      (next.kind === 'word' && (next.value === 'all' || scope.defines.placeOf(next.value) !== undefined)));
  if (isTest) scope.error('SL0312', next!, { word: scope.source.text.slice(next!.start, next!.end) });
  else if (next !== undefined) endOfLine(scope, reader, line.verb.args);
  else
    scope.error(
      'SL0118',
      line.statement.head.joints[0]!,
      { word: line.statement.head.joints[0]!.kind },
      'A condition starts with `when`',
    );
  return false;
}

function leftOver(scope: Scope, reader: Reader, statement: Statement, code: string): null {
  const item = reader.peek() ?? statement.head.joints[0]!;
  return scope.error(code, item, { word: scope.source.text.slice(item.start, item.end) });
}

function unconditional(scope: Scope, line: VerbLine, part: RulePart): null {
  const text = oneLine(scope.source.text, line.statement.start, line.statement.headEnd);
  const always =
    line.verb.takesCondition === true && line.statement.headEnd === line.span.end ? `${text} all` : `${text} when all`;
  const fix =
    part === 'route'
      ? `For everything else say \`otherwise ${text}\`, else \`${text} when …\``
      : `Say \`${always}\` to mean every request`;
  return scope.error('SL0304', line.span, { word: line.verb.name }, fix);
}

/** findVerb looks for a verb at the head of a phrase. */
export function findVerb(scope: Scope, phrase: Phrase, at: number): { verb: VerbWord; length: number } | null {
  const match = scope.vocabulary.verbs.match(new Reader(phrase).wordAt, at);
  return match === null ? null : { verb: match.value, length: match.length };
}
