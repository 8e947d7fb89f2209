/**
 * TestForms: the forms that an item of `given` or `expect` may have, by which the checker tells them apart and editors know
 * what may follow. Main thread.
 *
 * `<…>` stands for a value, everything else for the word itself.
 */
import type { WordItem } from '../../../syntax/tree.ts';
import type { Walk } from '../../scope/reading.ts';
import type { Scope } from '../../scope/scope.ts';
import { METHOD_WORDS } from '../../values/argument-value.ts';
import { expectHeaders, expectStatuses } from '../../values/expected-values.ts';

/** GIVEN_FORMS: what a request or connection is made of. A method with small letters is one where a URL follows. */
export const GIVEN_FORMS = {
  ip: ['ip <address>'],
  listener: ['listener <listener>'],
  header: ['header <header> is <text>'],
  cookie: ['cookie <cookie> is <text>'],
  request: ['<method> <target>', '<method> <target> <version>', '<token> <url>', '<token> <url> <version>'],
  connection: ['tcp', 'tcp to <word>'],
  sni: ['sni <name>'],
  alpn: ['alpn <protocols>'],
} as const satisfies Forms;

/** EXPECTED_FORMS: what is to happen. */
export const EXPECTED_FORMS = {
  allow: ['allow'],
  send: ['send to <backend>'],
  header: ['header <header> is <text>', 'header <header> absent'],
  deny: ['deny', 'deny <status>', 'deny by <rule>', 'deny <status> by <rule>'],
  redirect: ['redirect to <location>', 'redirect <status> to <location>'],
} as const satisfies Forms;

/** Forms by what they say. */
export type Forms = Readonly<Record<string, readonly string[]>>;

/** What editors say of the words. */
const DOCS: Readonly<Record<string, string>> = {
  ip: 'the client’s address',
  listener: 'the listener that takes the request',
  header: '`header NAME is VALUE`',
  cookie: '`cookie NAME is VALUE`',
  tcp: 'a connection instead of a request: `tcp to :443`',
  sni: 'the server name in the client’s TLS hello; `sni absent`: there is none',
  alpn: 'the protocols in the client’s TLS hello, separated by spaces',
  allow: 'an `allow` line skips the remaining guards',
  send: 'the request goes to a backend',
  deny: 'a guard refuses the request',
  redirect: 'the response is a redirect',
  by: 'the definition or list in the guard’s condition',
};

interface Slot {
  fits(item: WordItem): boolean;
  /** Notes for an editor what may stand there. */
  expect?(scope: Scope, walk: Walk): void;
  /** Notes for an editor what stands there. */
  mark?(scope: Scope, item: WordItem): void;
  /** It takes all words up to the end. */
  readonly isMany?: boolean;
}

/** isOneWord: a string that would be read as several words is none. */
const isOneWord = ({ value }: WordItem): boolean => /^[^\s,]+$/.test(value);
const isBare = (item: WordItem, pattern: RegExp): boolean => item.kind === 'word' && pattern.test(item.value);
const all = (): boolean => true;

const SLOTS: Readonly<Record<string, Slot>> = {
  address: { fits: all },
  text: { fits: all },
  target: { fits: all },
  location: { fits: all },
  cookie: { fits: all },
  word: { fits: isOneWord },
  url: { fits: ({ value }) => /^(?:https?:\/)?\//i.test(value) },
  version: { fits: ({ value }) => /^HTTP\//.test(value) },
  token: { fits: (item) => isBare(item, /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/) },
  header: { fits: all, expect: expectHeaders },
  method: {
    fits: (item) => isBare(item, /^[A-Z][A-Z-]*$/),
    expect: (scope, walk) => {
      for (const method of METHOD_WORDS) scope.reading?.value(walk, method, 'the request: a method and a URL');
    },
  },
  status: {
    fits: ({ value }) => /^[1-5]\d\d$/.test(value),
    expect: (scope, walk) => expectStatuses(scope, walk, {}),
  },
  name: { fits: isOneWord, expect: (scope, walk) => scope.reading?.value(walk, 'absent', 'the client names none') },
  protocols: {
    fits: isOneWord,
    isMany: true,
    expect: (scope, walk) => {
      for (const protocol of ['h2', 'http/1.1', 'acme-tls/1']) scope.reading?.value(walk, protocol);
    },
  },
  listener: {
    fits: all,
    expect: (scope, walk) => scope.reading?.names(walk, 'listener', () => scope.listeners.keys()),
    mark: (scope, item) => scope.reading?.name(item, 'listener'),
  },
  backend: {
    fits: all,
    expect: (scope, walk) => scope.reading?.names(walk, 'backend', () => scope.backends.keys()),
    mark: (scope, item) => scope.reading?.name(item, 'backend'),
  },
  rule: {
    fits: all,
    expect: ({ reading, lists, defines }, walk) => {
      reading?.names(walk, 'list', () => lists.keys());
      reading?.names(walk, 'define', () => defines.names());
    },
    mark: ({ reading, lists }, item) => reading?.name(item, lists.has(item.value) ? 'list' : 'define'),
  },
};

/** findForm is the form that a whole item has, or null. */
export function findForm<Name extends string>(
  forms: Readonly<Record<Name, readonly string[]>>,
  group: readonly WordItem[],
): Name | null {
  for (const name of Object.keys(forms) as Name[]) {
    if (forms[name].some((form) => lengthOf(form, group) === group.length && isWhole(form, group))) return name;
  }
  return null;
}

/** expectForms notes for an editor what the words of an item are, and what may follow them. `end` is the place behind the item. */
export function expectForms(scope: Scope, forms: Forms, group: readonly WordItem[], end: Walk): void {
  for (const form of Object.values(forms).flat()) {
    const length = lengthOf(form, group);
    const parts = form.split(' ');
    for (const [index, item] of group.slice(0, length).entries()) {
      const part = parts[Math.min(index, parts.length - 1)]!;
      const slot = slotOf(part);
      if (slot !== null) slot.mark?.(scope, item);
      else scope.reading?.mark(item, { kind: 'keyword', word: part, doc: DOCS[part] ?? '' });
    }
    if (length < group.length) continue;
    const next = parts[length] ?? (slotOf(parts.at(-1)!)?.isMany === true ? parts.at(-1)! : null);
    if (next === null) continue;
    const slot = slotOf(next);
    if (slot === null) scope.reading?.expect(end, { kind: 'keyword', label: next, doc: DOCS[next] ?? '' });
    else slot.expect?.(scope, end);
  }
}

function slotOf(part: string): Slot | null {
  return part.startsWith('<') ? SLOTS[part.slice(1, -1)]! : null;
}

/** lengthOf counts the words from the first on that fit a form. */
function lengthOf(form: string, group: readonly WordItem[]): number {
  const parts = form.split(' ');
  const misfit = group.findIndex((item, index) => {
    const last = slotOf(parts.at(-1)!);
    const part = parts[index] ?? (last?.isMany === true ? parts.at(-1)! : undefined);
    if (part === undefined) return true;
    const slot = slotOf(part);
    return slot === null ? item.kind !== 'word' || item.value !== part : !slot.fits(item);
  });
  return misfit < 0 ? group.length : misfit;
}

function isWhole(form: string, group: readonly WordItem[]): boolean {
  return form.split(' ').length <= group.length;
}
