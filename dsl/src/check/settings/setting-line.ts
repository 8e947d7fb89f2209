/**
 * SettingLine: a section's setting, found and read by its declaration. Main thread.
 */
import type { Condition } from '../../plan/condition.ts';
import type { Args } from '../../plan/rule.ts';
import type { Span } from '../../source/source-text.ts';
import type { Item, Statement } from '../../syntax/tree.ts';
import type { SettingWord } from '../../vocabulary/setting-word.ts';
import { checkCondition } from '../conditions/condition.ts';
import { Reader } from '../scope/reader.ts';
import type { Scope } from '../scope/scope.ts';
import { endOfLine, readArguments } from '../values/arguments.ts';
import type { ReadArguments } from '../values/read-arguments.ts';
import { type ReadComponent, readComponent } from './component.ts';

export interface SettingLine {
  readonly setting: SettingWord;
  readonly args: Args;
  readonly spans: ReadArguments['spans'];
  /** The setting's word. */
  readonly span: Span;
  /** All that stands on the line. */
  readonly items: readonly Item[];
  /** From the line's first word to the end of its head. */
  readonly whole: Span;
  readonly component: ReadComponent | null;
  /** The condition on requests that have ended; null: none was written. */
  readonly when: Condition | null;
  readonly scope: Scope;
}

/** readSetting reads the rest of a setting's line, or reports and returns null. */
export function readSetting(
  scope: Scope,
  statement: Statement,
  setting: SettingWord,
  length: number,
): SettingLine | null {
  const own = withOwnWhen(statement, setting);
  if (own !== statement) scope.reading?.continueIn(statement.when!.phrases[0]!.items, own.head.phrases[0]!.items);
  const phrase = own.head.phrases[0]!;
  const reader = new Reader(phrase, length);
  const span = { start: phrase.start, end: phrase.items[length - 1]!.end };
  let component: ReadComponent | null = null;
  let read: ReadArguments = { args: {}, spans: new Map(), isRight: true };
  if (setting.slot === undefined) {
    read = readArguments(scope, reader, setting.args, span);
    if (!read.isRight || !endOfLine(scope, reader, setting.args)) return null;
    if (!hasFailures(setting, read.spans)) {
      const what = '`after N failures`, or `over N% errors`';
      return scope.error('SL0117', span, { word: setting.name, what }, `For example \`${setting.example}\``);
    }
    if (read.spans.size === 0 && setting.args.length > 0 && setting.args.every((arg) => arg.isOptional === true)) {
      const what = setting.args.map((arg) => `\`${arg.before}\``).join(', ');
      return scope.error('SL0117', span, { word: setting.name, what }, `For example \`${setting.example}\``);
    }
  } else {
    component = readComponent(scope, reader, setting, span);
    if (component === null) return null;
  }
  const isEnded = setting.takesEnd === true;
  if (isEnded) expectWhen(scope, own, reader);
  if (!isPlain(scope, isEnded ? { ...own, when: null } : own)) return null;
  const when = isEnded && own.when !== null ? checkCondition(scope, own.when, 0, 'ended') : null;
  if (when === null && isEnded && own.when !== null) return null;
  const whole = { start: statement.start, end: statement.headEnd };
  const args = component?.args ?? read.args;
  return { setting, args, spans: read.spans, span, items: phrase.items, whole, component, when, scope };
}

const WHEN = 'the line is written for requests for which the condition holds once they have ended';

/** expectWhen notes for an editor that a condition may follow. */
function expectWhen(scope: Scope, { when, whenSpan }: Statement, reader: Reader): void {
  if (when !== null) scope.reading?.joint(whenSpan!, 'when', WHEN);
  else scope.reading?.keyword(reader, 'when', WHEN);
}

/** hasFailures: what counts failures has to say how many are too many. */
function hasFailures({ args }: SettingWord, spans: ReadonlyMap<string, Span>): boolean {
  return !args.some(({ name }) => name === 'failures') || spans.has('failures') || spans.has('share');
}

/** A setting with an argument behind `when` has that word for itself: it begins no condition there. */
function withOwnWhen(statement: Statement, setting: SettingWord): Statement {
  const { head, when, whenSpan } = statement;
  if (when === null || whenSpan === null || !setting.args.some(({ before }) => before?.startsWith('when ') === true)) {
    return statement;
  }
  const word: Item = { kind: 'word', value: 'when', hasComma: false, ...whenSpan };
  const phrase = head.phrases[0]!;
  const items = [...phrase.items, word, ...when.phrases[0]!.items];
  const joints = head.joints.length > 0 ? head.joints : when.joints;
  return {
    ...statement,
    head: { ...head, end: when.end, phrases: [{ ...phrase, end: when.end, items }], joints },
    when: null,
    whenSpan: null,
  };
}

/** isPlain reports a setting that goes on behind its first phrase, with a condition, or with a block. */
function isPlain(scope: Scope, statement: Statement): boolean {
  const joint = statement.head.joints[0];
  if (joint !== undefined) scope.error('SL0118', joint, { word: joint.kind });
  else if (statement.when !== null) scope.error('SL0123', statement.whenSpan!);
  else if (statement.block !== null)
    scope.error('SL0119', { start: statement.block.start, end: statement.block.start + 1 });
  else return true;
  return false;
}
