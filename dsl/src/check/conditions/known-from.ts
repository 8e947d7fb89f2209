/**
 * KnownFrom: which of a listener's rules ask for what only some listeners see (a TLS hello, a handshake, a PROXY header), and which header
 * fields they fill with it. Main thread.
 */
import type { Condition } from '../../plan/condition.ts';
import type { ListenerPlan } from '../../plan/plan.ts';
import type { ArgValue, Rule, Template } from '../../plan/rule.ts';
import type { Span } from '../../source/source-text.ts';
import type { Vocabulary } from '../../vocabulary/vocabulary.ts';
import type { FieldWord } from '../../vocabulary/word.ts';
import type { Scope } from '../scope/scope.ts';

export type Source = NonNullable<FieldWord['knownFrom']>;

/** Seen is what a listener sees. */
export interface Seen {
  /** TLS, opened or passed on. */
  readonly hello: boolean;
  /** TLS that ends here. */
  readonly handshake: boolean;
  readonly proxy: boolean;
}

const WHERE: Readonly<Record<Source, string>> = {
  hello: 'in a listener without TLS',
  handshake: 'in a listener that opens no TLS',
  proxy: 'in a listener without `accept proxy`',
};

const FIXES: Readonly<Record<Source, string>> = {
  hello: 'Add `tls terminate …`, or in a `tcp` listener `tls passthrough`',
  handshake: 'Add `tls terminate …`',
  proxy: 'Add `accept proxy from …`, with the addresses of the proxies',
};

/** askedFields are the fields of a condition that are known from somewhere, the first one of each source. */
export function askedFields(condition: Condition, vocabulary: Vocabulary): ReadonlyMap<Source, string> {
  const found = new Map<Source, string>();
  visit(condition, vocabulary, found, new Set());
  return found;
}

/** Definitions are shared, so each is looked at once. */
function visit(condition: Condition, vocabulary: Vocabulary, found: Map<Source, string>, seen: Set<Condition>): void {
  if (seen.has(condition)) return;
  seen.add(condition);
  switch (condition.kind) {
    case 'all':
      return;
    case 'test':
      note(condition.field, vocabulary, found);
      return;
    case 'not':
    case 'named':
      visit(condition.of, vocabulary, found, seen);
      return;
    default:
      for (const part of condition.of) visit(part, vocabulary, found, seen);
  }
}

function note(field: string, vocabulary: Vocabulary, found: Map<Source, string>): void {
  const source = vocabulary.fields.get(field)?.knownFrom;
  if (source !== undefined && !found.has(source)) found.set(source, field);
}

function templateOf(value: ArgValue): Template | null {
  return typeof value === 'object' && value !== null && 'template' in value ? (value as Template) : null;
}

export class KnownFrom {
  readonly #uses: { readonly source: Source; readonly field: string; readonly span: Span }[] = [];
  readonly #ownHeaders = new Set<string>();

  /** use notes what a rule asks for. */
  use(rule: Rule, span: Span, scope: Scope): void {
    const { vocabulary } = scope;
    const found = new Map<Source, string>(rule.when === null ? [] : askedFields(rule.when, vocabulary));
    const filled = new Map<Source, string>();
    for (const value of Object.values(rule.args)) {
      for (const part of templateOf(value)?.template ?? []) {
        if (typeof part === 'object' && 'placeholder' in part) note(part.placeholder, vocabulary, filled);
      }
    }
    for (const [source, field] of [...found, ...filled]) this.#uses.push({ source, field, span });
    if (filled.size > 0) this.#own(rule, scope);
  }

  /** own: nobody else may send a header that says what the gateway alone can know. */
  #own({ verb, args }: Rule, scope: Scope): void {
    for (const { name, type } of scope.vocabulary.verbs.get(verb)?.args ?? []) {
      if (type === 'header' && typeof args[name] === 'string') this.#ownHeaders.add(args[name].toLowerCase());
    }
  }

  /** isAsked: a rule wants something from there. */
  isAsked(source: Source): boolean {
    return this.#uses.some((use) => use.source === source);
  }

  /** check reports what would never be known. */
  check(scope: Scope, seen: Seen): void {
    for (const { source, field, span } of this.#uses) {
      if (!seen[source]) scope.error('SL0407', span, { word: field, where: WHERE[source] }, FIXES[source]);
    }
  }

  plan(more: readonly string[]): Pick<ListenerPlan, 'ownHeaders'> {
    const names = new Set([...this.#ownHeaders, ...more]);
    return names.size === 0 ? {} : { ownHeaders: [...names] };
  }
}
