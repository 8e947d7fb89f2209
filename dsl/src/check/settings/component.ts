/**
 * Component: a slot's line (`balance least-connections`, `stick on cookie sid`, `check GET /healthz every 2s`) to the
 * component and its options, and the setting's own arguments beside them. Main thread.
 */
import { closest } from '../../diagnostics/suggestion.ts';
import type { ComponentSlot, ComponentUse } from '../../plan/plan.ts';
import type { Args } from '../../plan/rule.ts';
import type { Span } from '../../source/source-text.ts';
import type { BaseArg, SettingWord } from '../../vocabulary/setting-word.ts';
import type { ComponentWord } from '../../vocabulary/word.ts';
import type { Reader } from '../scope/reader.ts';
import type { Scope } from '../scope/scope.ts';
import { endOfLine, readArguments, shapeOf } from '../values/arguments.ts';
import { expectArgument } from '../values/expected-values.ts';

export interface ReadComponent {
  readonly use: ComponentUse;
  /** The setting's own arguments. */
  readonly args: Args;
}

/** The setting's own arguments may stand among the component's, so both are read in one go. */
const merged = new WeakMap<ComponentWord, readonly BaseArg[]>();

function argsOf(word: ComponentWord, setting: SettingWord): readonly BaseArg[] {
  let args = merged.get(word);
  if (args === undefined) {
    const own = new Set(word.args.flatMap((arg) => [arg.name, arg.before]));
    args = [...word.args, ...setting.args.filter((arg) => !own.has(arg.name) && !own.has(arg.before))];
    merged.set(word, args);
  }
  return args;
}

const MAY_HOLD_SECRETS: readonly ComponentSlot[] = ['check', 'stick', 'tls', 'server tls', 'certificates', 'traces'];

/** readComponent reads the line behind the setting's word (`span`), or reports and returns null. */
export function readComponent(scope: Scope, reader: Reader, setting: SettingWord, span: Span): ReadComponent | null {
  const slot = setting.slot!;
  const table = scope.vocabulary.components(slot);
  const { reading } = scope;
  reading?.words(reader, table, 'component');
  const match = table.match(reader.wordAt, reader.at);
  if (reading?.isOpen(reader) === true && match === null) expectDefault(scope, reader, setting);
  const word = match?.value ?? scope.vocabulary.defaultComponent(slot);
  if (match === null && !isMeant(reader, word, table.names())) return unknown(scope, reader, slot, span);
  reader.at += match?.length ?? 0;
  const before = { start: span.start, end: Math.max(span.end, reader.last().end) };
  const args = argsOf(word!, setting);
  // Probes are made on the main thread, which has the secrets; stickiness and TLS are handed their values when they are linked.
  scope.mayHoldSecrets = MAY_HOLD_SECRETS.includes(slot);
  const read = readArguments(scope, reader, args, before);
  scope.mayHoldSecrets = true;
  if (!read.isRight || !endOfLine(scope, reader, args)) return null;
  const options: Record<string, Args[string]> = {};
  const own: Record<string, Args[string]> = {};
  const names = new Set(word!.args.map((arg) => arg.name));
  for (const [name, value] of Object.entries(read.args)) (names.has(name) ? options : own)[name] = value;
  const place = scope.place({ start: span.start, end: reader.last().end });
  return { use: { slot, name: word!.name, options, place }, args: own };
}

/** expectDefault notes what the arguments of the default component may begin with, where one is told from a misspelled name. */
function expectDefault(scope: Scope, reader: Reader, { slot }: SettingWord): void {
  const [first] = shapeOf(scope.vocabulary.defaultComponent(slot!)?.args ?? []).positional;
  if (first?.type === 'method') expectArgument(scope, reader, first);
}

/** isMeant says whether a line without a component's name is one for the default component, and no misspelled name. */
function isMeant(reader: Reader, fallback: ComponentWord | undefined, known: readonly string[]): boolean {
  if (fallback === undefined) return false;
  const first = reader.wordAt(reader.at);
  if (first === null) return fallback.args.length > 0;
  const { positional } = shapeOf(fallback.args);
  return positional.length > 0 && (closest(first, known) === null || isMethodLike(first));
}

function isMethodLike(word: string): boolean {
  return word === word.toUpperCase();
}

function unknown(scope: Scope, reader: Reader, slot: ComponentSlot, span: Span): null {
  const known = scope.vocabulary.components(slot).names();
  if (known.length === 0 && !scope.isWordMissing) return scope.error('SL0116', span, { word: slot });
  const list = `Here: ${known.join(', ')}`;
  const first = reader.peek();
  if (first === undefined) return scope.error('SL0117', span, { word: slot, what: 'a kind' }, list);
  const second = reader.wordAt(reader.at + 1);
  const two = { start: first.start, end: (second === null ? first : reader.items[reader.at + 1]!).end };
  const phrase = scope.source.text.slice(two.start, two.end);
  if (second !== null && closest(phrase, known) !== null)
    return scope.unknown('SL0711', two, phrase, known, list, { slot });
  return scope.unknown('SL0711', first, scope.source.text.slice(first.start, first.end), known, list, { slot });
}

/** defaultUse is a component that no line names, with its defaults. */
export function defaultUse(scope: Scope, slot: ComponentSlot, name: string, span: Span): ComponentUse {
  const word = scope.vocabulary.components(slot).get(name);
  const options = Object.fromEntries(
    (word?.args ?? []).filter((arg) => arg.default !== undefined).map((arg) => [arg.name, arg.default!]),
  );
  return { slot, name, options, place: scope.place(span) };
}
