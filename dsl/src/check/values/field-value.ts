/**
 * FieldValue: a written value to the form that the plan holds, by the field's type and the operator. Main thread.
 */
import { domainToASCII } from 'node:url';
import { didYouMean, distance } from '../../diagnostics/suggestion.ts';
import { parseCidr, parseIp } from '../../match/address/parse-ip.ts';
import { readAuthority } from '../../match/request/host.ts';
import { normalisePath } from '../../match/request/path.ts';
import type { Operator } from '../../plan/condition.ts';
import type { ListType } from '../../plan/list.ts';
import { WRITTEN_PATHS } from '../../plan/path-policy.ts';
import type { WordItem } from '../../syntax/tree.ts';
import type { FieldWord } from '../../vocabulary/word.ts';
import type { ListName, Scope } from '../scope/scope.ts';
import { pathPatternFix, warnOfPattern } from './foreign-pattern.ts';
import { isHostName, isNumberLike, readDuration, readWhole } from './literals.ts';
import { checkRegex } from './regex.ts';

/** The fix for a verb inside of a condition. */
export const LINE_GOES_ON =
  'A rule starts on its own line: does the line above end in `and`, `or` or a comma by mistake?';

/** fieldValue returns the value of a text or number field, or null after reporting why it is none. */
export function fieldValue(scope: Scope, item: WordItem, field: FieldWord, operator: Operator): string | number | null {
  if (operator === 'matches') return regexValue(scope, item);
  if (item.kind === 'regex') return scope.error('SL0216', item, { field: field.name });
  if (field.unit === 'duration') return durationValue(scope, item);
  if (field.type === 'number') return numberValue(scope, item);
  const value = textValue(scope, item, field, operator);
  if (value !== null) warnOfPattern(scope, item, field, operator);
  return value;
}

function regexValue(scope: Scope, item: WordItem): string | null {
  if (item.kind !== 'regex') return scope.error('SL0217', item, { value: item.value });
  return checkRegexItem(scope, item) ? item.value : null;
}

/** checkRegexItem reports what is wrong with a regular expression at its own place, and returns whether all is well. */
export function checkRegexItem(scope: Scope, item: WordItem): boolean {
  const problem = checkRegex(item.value);
  if (problem === null) return true;
  const start = item.start + (item.kind === 'regex' ? 2 : 1);
  const end = Math.max(start + problem.end, start + problem.start + 1);
  scope.error(problem.code, { start: start + problem.start, end: Math.min(end, item.end) }, { what: problem.what });
  return false;
}

/**
 * networkValues reads an address, a network, or the name of a list, all in canonical form. A list's values are the list's
 * own array, so that all who use it share one.
 */
export function networkValues(scope: Scope, item: WordItem): readonly string[] | null {
  const list = listOf(scope, item);
  if (list !== undefined) {
    scope.reading?.name(item, 'list');
    return listValues(scope, item, list, 'ips', 'addresses') as readonly string[] | null;
  }
  const network = networkOf(scope, item, 'SL0601');
  return network === null ? null : [network];
}

/** listOf is the list that a bare word names. */
export function listOf(scope: Scope, item: WordItem): ListName | undefined {
  return item.kind === 'word' ? scope.lists.get(item.value) : undefined;
}

/** listValues are a list's values, or null after reporting that it holds another type than is compared. */
export function listValues(
  scope: Scope,
  item: WordItem,
  list: ListName,
  type: ListType,
  what: string,
): ListName['values'] {
  list.isUsed = true;
  if (list.type === null || list.type === type) return list.values;
  const fix = type === 'ips' || type === 'numbers' ? null : `For the text itself write \`"${item.value}"\``;
  return scope.error('SL0226', item, { name: item.value, type: list.type, what }, fix);
}

/** networkOf reads an address or a network; host bits are an error that prints the network. */
export function networkOf(scope: Scope, item: WordItem, code: 'SL0601' | 'SL0608'): string | null {
  const text = item.value;
  const network = item.kind === 'regex' ? null : parseCidr(text);
  if (network === null) {
    const isVerb = item.kind === 'word' && scope.vocabulary.verbs.startsWith(text);
    const lists = item.kind === 'word' ? scope.lists.keys() : [];
    const fix = isVerb ? LINE_GOES_ON : (fixOfNetwork(text) ?? didYouMean(text, lists));
    return scope.error(code, item, { value: text }, fix);
  }
  const slash = text.indexOf('/');
  if (slash < 0) return network.first.text;
  const canonical = `${network.first.text}/${network.prefix}`;
  if (parseIp(text.slice(0, slash))!.text === network.first.text) return canonical;
  const fix = `Write \`${canonical}\` for the network, or \`${text.slice(0, slash)}\` for the one address`;
  return scope.error('SL0602', item, { value: text }, fix);
}

/** fixOfNetwork guesses at letters written for digits, shortened networks, ports and brackets. */
function fixOfNetwork(text: string): string | null {
  const guesses = [text.replace(/[oO]/g, '0').replace(/[lI]/g, '1'), text.replace(/^\[(.*)\]$/, '$1')];
  const short = /^(\d{1,3}(?:\.\d{1,3}){0,2})(?:\.\*|\.)?(\/\d+)?$/.exec(text);
  if (short !== null) {
    const parts = short[1]!.split('.');
    guesses.push(`${[...parts, '0', '0', '0'].slice(0, 4).join('.')}${short[2] ?? `/${parts.length * 8}`}`);
  }
  const port = /^(.*):\d+$/.exec(text);
  if (port !== null && parseIp(port[1]!) !== null) guesses.push(port[1]!);
  const zeros = /^[\d./]+$/.test(text) ? text.replace(/(^|\.)0+(?=\d)/g, '$1') : text;
  guesses.push(zeros);
  for (const guess of guesses) {
    const network = guess === text ? null : parseCidr(guess);
    if (network !== null) {
      const canonical = guess.includes('/') ? `${network.first.text}/${network.prefix}` : network.first.text;
      return `Did you mean \`${canonical}\`?`;
    }
  }
  return /^[A-Za-z][\w-]*$/.test(text)
    ? null
    : 'Write an address such as `10.0.0.1`, or a network such as `10.0.0.0/8`';
}

function numberValue(scope: Scope, item: WordItem): number | null {
  return readWhole(item.value) ?? scope.error('SL0605', item, { value: item.value });
}

function durationValue(scope: Scope, item: WordItem): number | null {
  const value = readDuration(item.value);
  if (value !== null) return value;
  if (isNumberLike(item.value)) {
    return scope.error(
      'SL0606',
      item,
      { value: item.value, units: 'ms, s, m, h, d' },
      `Did you mean \`${item.value}s\`?`,
    );
  }
  return scope.error('SL0607', item, { value: item.value, type: 'duration' }, 'Units are: ms, s, m, h, d');
}

function textValue(scope: Scope, item: WordItem, field: FieldWord, operator: Operator): string | null {
  const written = item.value;
  const text = field.ignoresCase === true ? written.toLowerCase() : written;
  const isWhole = operator === 'is' || operator === 'in';
  if (text === '' && !isWhole) return scope.error('SL0618', item, { operator });
  if (operator === 'like' && !text.includes('*')) scope.error('SL0220', item, { value: written });
  if (field.values !== undefined && isWhole && !field.values.includes(text)) {
    if (field.isOpen === true) {
      const near = field.values.find((value) => distance(value.toLowerCase(), text.toLowerCase()) <= 1);
      if (near !== undefined) scope.error('SL0225', item, { value: written }, `Did you mean \`${near}\`?`);
      return text;
    }
    const fallback = field.values.length <= 12 ? `One of: ${field.values.join(', ')}` : null;
    return scope.error('SL0221', item, { field: field.name, value: written }, didYouMean(text, field.values, fallback));
  }
  if (field.index === 'path') return pathValue(scope, item, operator);
  if (field.index === 'host') {
    return hostValue(scope, item, text, isWhole, isWhole || operator === 'ends' || operator === 'like');
  }
  return text;
}

/** pathValue: what is compared from the beginning must be able to begin a path, in the form that paths have. */
export function pathValue(scope: Scope, item: WordItem, operator: Operator): string | null {
  const text = item.value;
  const isFromStart = operator === 'is' || operator === 'in' || operator === 'under' || operator === 'starts';
  if (!isFromStart) return text;
  if (text === '*' && operator === 'is') return text;
  if (!text.startsWith('/'))
    return scope.error(
      'SL0604',
      item,
      { value: text },
      pathPatternFix(text, 'path') ?? `Write \`/${text.replace(/^\*+\/?/, '')}\``,
    );
  if (/[?#]/.test(text)) return scope.error('SL0621', item, { value: text }, 'The part after `?` is the field `query`');
  if (operator === 'starts') return text;
  const normal = normalisePath(text, WRITTEN_PATHS);
  if (normal === text) return text;
  let guess: string | null = normal;
  if (guess === null) {
    try {
      guess = normalisePath(encodeURI(decodeURI(text)), WRITTEN_PATHS);
    } catch {
      guess = null;
    }
  }
  const fix = pathPatternFix(text, 'path') ?? (guess === null ? null : `Write \`${guess}\``);
  return scope.error('SL0621', item, { value: text }, fix);
}

/** hostValue returns a host in lower case, or null after reporting. */
export function hostValue(
  scope: Scope,
  item: WordItem,
  text: string,
  isWhole: boolean,
  isAtEnd = isWhole,
): string | null {
  if (/[^\x21-\x7e]/.test(text)) {
    const ascii = domainToASCII(text);
    const fix = ascii === '' ? null : `Write the name in its DNS form: \`${ascii}\``;
    return scope.error('SL0603', item, { value: item.value }, fix);
  }
  const url = /^[a-z][a-z0-9+.-]*:\/\/([^/:]*)/i.exec(text);
  if (url !== null) return scope.error('SL0603', item, { value: item.value }, `Write only the host: \`${url[1]}\``);
  if (!isWhole) {
    if (isAtEnd && text.endsWith('.')) {
      return scope.error(
        'SL0603',
        item,
        { value: item.value },
        `Remove the trailing dot: write \`${text.slice(0, -1)}\``,
      );
    }
    return /[/?#@\s]/.test(text) ? scope.error('SL0603', item, { value: item.value }) : text;
  }
  if (text === '') return text;
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  const address = parseIp(bare);
  if (address !== null) return address.text;
  if (text.startsWith('*.')) {
    return scope.error('SL0603', item, { value: item.value }, `Write \`like ${text}\`, or \`ends ${text.slice(1)}\``);
  }
  const port = /^(.+):\d*$/.exec(text);
  if (port !== null && isHostName(port[1]!)) {
    return scope.error(
      'SL0603',
      item,
      { value: item.value },
      `Hosts are compared without their port: write \`${port[1]}\``,
    );
  }
  if (text.endsWith('.') && isHostName(text.slice(0, -1))) {
    return scope.error('SL0603', item, { value: item.value }, `Write \`${text.slice(0, -1)}\``);
  }
  return isHostName(text) || (!text.includes('*') && readAuthority(text)?.host === text)
    ? text
    : scope.error('SL0603', item, { value: item.value });
}
