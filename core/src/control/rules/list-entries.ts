/**
 * ListEntries: the entries of an active list, looked at and changed by hand. Main thread.
 *
 * A change holds until the next reload, or until the list's file is read again because it changed: what is written is what lasts.
 */
import { readListFile } from '@sluice/dsl';
import type { ListPlan, Plan } from '@sluice/dsl/plan';
import { GatewayError } from '../report/errors.ts';

/** ListPage is a part of a list's entries, in their order. */
export interface ListPage {
  readonly name: string;
  readonly type: string;
  /** All of the list. */
  readonly count: number;
  readonly entries: readonly string[];
  /** What `after` is for the next page; null: that was all. */
  readonly next: number | null;
}

/** ListPageOptions: `contains` leaves out entries without this text. */
export interface ListPageOptions {
  readonly most?: number;
  readonly after?: number;
  readonly contains?: string;
}

/** ListChange says what a list is to have, and have no more. Entries are written as in a file of the list. */
export interface ListChange {
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
}

/** ListChanged says what a change came to. An entry that was there already is not added again. */
export interface ListChanged {
  readonly name: string;
  readonly count: number;
  readonly added: number;
  readonly removed: number;
}

/** listPage looks at a list. Throws SG0517. */
export function listPage(
  plan: Plan,
  name: string,
  { most = 100, after = 0, contains = '' }: ListPageOptions,
): ListPage {
  const { type, entries } = listOf(plan, name);
  const found: string[] = [];
  let place = after;
  for (; place < entries.length; place++) {
    if (!entries[place]!.includes(contains)) continue;
    if (found.length === most) break;
    found.push(entries[place]!);
  }
  return { name, type, count: entries.length, entries: found, next: place < entries.length ? place : null };
}

/** changeEntries works a change out. Throws SG0517, or SG0518 for an entry that the list cannot have, or that is to be removed and is not there. */
export function changeEntries(
  plan: Plan,
  name: string,
  { add = [], remove = [] }: ListChange,
): ListChanged & { readonly entries: readonly string[] } {
  const list = listOf(plan, name);
  const entries = new Set(list.entries);
  const gone = remove.map((entry) => readEntry(list, entry));
  for (const [index, entry] of gone.entries()) {
    if (!entries.delete(entry)) throw refusal(list, remove[index]!, 'is not in it');
  }
  const before = entries.size;
  for (const entry of add) entries.add(readEntry(list, entry));
  const added = entries.size - before;
  return { name, count: entries.size, added, removed: gone.length, entries: [...entries] };
}

function listOf({ lists }: Plan, name: string): ListPlan {
  const list = lists.find((each) => each.name === name);
  if (list !== undefined) return list;
  const known = lists.map((each) => each.name).join(', ');
  throw new GatewayError('SG0517', { list: name, known: known === '' ? 'none' : known });
}

/** As strict as a file of the list is read. */
function readEntry(list: ListPlan, entry: string): string {
  const file = { name: 'entry', path: '', refreshMs: 0 };
  const { entries, diagnostics } = readListFile({ type: list.type, file }, Buffer.from(`${entry}\n`));
  if (entries?.length === 1 && !/[\r\n]/.test(entry)) return entries[0]!;
  throw refusal(list, entry, diagnostics[0]?.message ?? 'is not one entry');
}

function refusal({ name, type }: ListPlan, entry: string, problem: string): GatewayError {
  return new GatewayError('SG0518', { list: name, type, entry: entry.slice(0, 100), problem });
}
