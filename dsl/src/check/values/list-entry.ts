/**
 * ListEntry: one entry of a list or a key of a map to its canonical form, and whole files of them. Main thread.
 *
 * Files are read strictly: one entry a line, `#` begins a comment at the beginning of a line or behind a blank, blank
 * lines do not count; every invalid line is reported separately, in the file it stands in.
 */
import type { ListType } from '../../plan/list.ts';
import type { SourceText } from '../../source/source-text.ts';
import type { WordItem } from '../../syntax/tree.ts';
import type { Scope } from '../scope/scope.ts';
import { hostValue, networkOf, pathValue } from './field-value.ts';
import { readWhole } from './literals.ts';

/** LIST_TYPES are what a list may hold. */
export const LIST_TYPES: readonly ListType[] = ['ips', 'hosts', 'paths', 'texts', 'numbers'];

/** Longest entry, in UTF-16 units. */
const ENTRY_LIMIT = 8_192;

/** listEntry returns an entry's value, or null after reporting. */
export function listEntry(scope: Scope, item: WordItem, type: ListType): string | number | null {
  const text = item.value;
  if (item.kind === 'regex')
    return scope.error('SL0118', item, { word: scope.source.text.slice(item.start, item.end) });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(text)) return scope.error('SL0624', item, { value: text });
  if (text.length > ENTRY_LIMIT)
    return scope.error('SL0616', item, { value: text, range: `${ENTRY_LIMIT} characters` });
  switch (type) {
    case 'ips':
      return networkOf(scope, item, 'SL0608');
    case 'hosts':
      return text === ''
        ? scope.error('SL0603', item, { value: text })
        : hostValue(scope, item, text.toLowerCase(), true);
    case 'paths':
      return pathValue(scope, item, 'is');
    case 'numbers':
      return readWhole(text) ?? scope.error('SL0605', item, { value: text });
    case 'texts':
      return text === '' ? scope.error('SL0618', item, { operator: 'texts' }) : text;
  }
}

/** eachLine calls back with each entry's line of the file, its comment and the blanks around it left out. */
export function eachLine(source: SourceText, line: (item: WordItem) => boolean): void {
  const { text } = source;
  /** The next `#`, looked for once: a file without any must not be searched for every line. */
  let hash = -1;
  for (let start = 0; start < text.length; ) {
    const newLine = text.indexOf('\n', start);
    const next = newLine < 0 ? text.length : newLine + 1;
    let from = start;
    let to = newLine < 0 ? text.length : newLine;
    while (from < to && isBlank(text.charCodeAt(from))) from++;
    for (hash = hashFrom(text, hash, from); hash < to; hash = hashFrom(text, hash, hash + 1)) {
      if (hash === from || isBlank(text.charCodeAt(hash - 1))) to = hash;
    }
    while (to > from && (isBlank(text.charCodeAt(to - 1)) || text.charCodeAt(to - 1) === 13)) to--;
    const item: WordItem = { kind: 'text', value: text.slice(from, to), hasComma: false, start: from, end: to };
    if (from < to && !line(item)) return;
    start = next;
  }
}

function hashFrom(text: string, known: number, from: number): number {
  if (known >= from) return known;
  const found = text.indexOf('#', from);
  return found < 0 ? text.length : found;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 9;
}

/**
 * fileEntries reads the file being checked (`scope.source`) as a list: its entries without repeats, or null after
 * reporting each line that is wrong. A file without a single character is an error: it is more likely cut off than meant.
 */
export function fileEntries(scope: Scope, type: ListType): readonly (string | number)[] | null {
  if (scope.source.text === '') return scope.error('SL0625', { start: 0, end: 1 }, { file: scope.source.file });
  const entries = new Set<string | number>();
  let isRight = true;
  eachLine(scope.source, (item) => {
    const entry = listEntry(scope, item, type);
    if (entry === null) isRight = false;
    else entries.add(entry);
    return !scope.diagnostics.isFull;
  });
  return isRight ? [...entries] : null;
}
