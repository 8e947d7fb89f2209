/**
 * ListLine: `list NAME = ips VALUE, …`: addresses and networks under one name. Main thread.
 */
import type { Statement } from '../syntax/tree.ts';
import { networkOf } from './field-value.ts';
import { Reader } from './reader.ts';
import type { Scope } from './scope.ts';

/** readList returns the list's values, or null after reporting. The name was read before. */
export function readList(scope: Scope, statement: Statement): readonly string[] | null {
  const reader = new Reader(statement.head.phrases[0]!, 2);
  const sliced = (): string => scope.source.text.slice(reader.peek()!.start, reader.peek()!.end);
  const example = 'For example `list office = ips 203.0.113.0/24, 2001:db8:10::/48`';
  if (reader.peek()?.kind !== 'equals') {
    return scope.error(
      'SL0117',
      reader.peek() ?? reader.last(),
      { word: 'list', what: '`=`, a type and values' },
      example,
    );
  }
  reader.at++;
  if (reader.isDone) return scope.error('SL0117', reader.last(), { word: '=', what: 'a type and values' }, example);
  if (!reader.isWord('ips')) return scope.error('SL0116', reader.peek()!, { word: `list of ${sliced()}` });
  reader.at++;
  if (reader.isWord('from')) return scope.error('SL0116', reader.peek()!, { word: 'list … from' });
  const items = reader.list();
  if (items.length === 0)
    return scope.error('SL0117', reader.peek() ?? reader.last(), { word: 'ips', what: 'values' }, example);
  const values = items.map((item) => networkOf(scope, item, 'SL0608'));
  const rest = reader.peek() ?? statement.head.joints[0] ?? statement.whenSpan ?? statement.block;
  if (rest != null) {
    const word = scope.source.text.slice(rest.start, rest === statement.block ? rest.start + 1 : rest.end);
    return scope.error(
      'SL0118',
      { start: rest.start, end: rest.start + word.length },
      { word },
      'Values are joined by `,`',
    );
  }
  return values.some((value) => value === null) ? null : (values as string[]);
}
