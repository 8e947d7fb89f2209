/**
 * TrustedPeers: the networks and lists of networks on a line that says which peers are believed. Main thread.
 */
import type { TrustedPeers } from '../../../plan/plan.ts';
import type { Item, WordItem } from '../../../syntax/tree.ts';
import type { Scope } from '../../scope/scope.ts';
import { listOf, networkValues } from '../../values/field-value.ts';

/** trustedIn reads them behind the word `before`. Lists from files are kept by name: their entries may change. */
export function trustedIn(scope: Scope, items: readonly Item[], before: string): TrustedPeers {
  const from = items.findIndex((item) => item.kind === 'word' && item.value === before);
  const written: WordItem[] = [];
  for (const item of items.slice(from + 1)) {
    if (item.kind === 'group' || item.kind === 'not' || item.kind === 'equals') break;
    written.push(item);
    if (!item.hasComma) break;
  }
  const isOwn = (item: WordItem): boolean => listOf(scope, item)?.isFromFile === true;
  return {
    trust: written.filter((item) => !isOwn(item)).flatMap((item) => networkValues(scope, item) ?? []),
    trustLists: written.filter(isOwn).map((item) => item.value),
  };
}
