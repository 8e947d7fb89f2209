/**
 * LimitReader: who was over a rate limit lately, and who is now. Main thread.
 */
import type { ListenerPlan } from '@sluice/dsl/plan';
import { ruleScopes } from '../../shared/judgement/rule-scopes.ts';
import { connectionRateScope } from '../../shared/listen/connection-rate-scope.ts';
import type { LimitedKey } from '../../shared/orders/limited-key.ts';
import type { SharedRateTable } from '../../shared/tables/shared-rate-table.ts';
import type { Generation } from '../reload/generations.ts';

/** What is shown of a key that may be a secret, such as a token in a header. */
const SHOWN_LENGTH = 6;
/** Kinds of keys that may be shown as they are: an address, a name, a path. */
const OPEN_KEYS: readonly unknown[] = ['ip', 'host', 'path', 'global'];
/** Kinds of keys whose first letter says what they are: `v`: a value; `i`: the address of a client that sent none. */
const VALUE_KEYS: readonly unknown[] = ['header', 'cookie', 'query'];

/** LimitedClient is a client, or whatever the limit counts by, that was over a limit lately. */
export interface LimitedClient {
  readonly listener: string;
  /** `file:line` of the limit; null: a limit of new connections. */
  readonly rule: string | null;
  /** As written, or `new connections`. */
  readonly text: string;
  /** Empty where the limit counts everything together. Of values of headers and cookies, and of plugins’ keys, the first 6 characters. */
  readonly key: string;
  /** Its name in the table, for `clearLimits`. */
  readonly entry: string;
  /** How often it was over the limit, since it is remembered. */
  readonly refused: number;
  /** Milliseconds since 1970. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Until the next request or connection may pass; 0: it may now. */
  readonly waitMs: number;
}

interface Limit {
  readonly listener: string;
  readonly rule: string | null;
  readonly text: string;
  /** The kind of key that it counts by, where it is the verb `limit`; else null. */
  readonly kind: unknown;
}

/** readLimits is who was over a limit of the active rules lately: those that are now first, then the latest. */
export function readLimits(
  { plan }: Generation,
  planes: readonly LimitedKey[],
  rates: SharedRateTable,
  most: number,
): readonly LimitedClient[] {
  const limits = new Map(plan.listeners.flatMap(limitsOf));
  const clients = new Map<string, LimitedClient>();
  for (const { scope, key, refused, firstMs, lastMs, intervalMs, burst } of planes) {
    const limit = limits.get(scope);
    if (limit === undefined) continue;
    const { kind, ...shown } = limit;
    const entry = rates.entryOf(scope, key);
    const same = clients.get(entry);
    clients.set(entry, {
      ...shown,
      key: shownKey(kind, key),
      entry,
      refused: refused + (same?.refused ?? 0),
      firstMs: Math.min(firstMs, same?.firstMs ?? firstMs),
      lastMs: Math.max(lastMs, same?.lastMs ?? lastMs),
      waitMs: Math.ceil(rates.peek(scope, key, intervalMs, burst)),
    });
  }
  return [...clients.values()]
    .sort((a, b) => Number(b.waitMs > 0) - Number(a.waitMs > 0) || b.lastMs - a.lastMs)
    .slice(0, most);
}

function limitsOf({ name, guards, changes, routes, responseChanges }: ListenerPlan): [string, Limit][] {
  const rules = [guards, changes, routes, responseChanges].flatMap((part) => {
    const scopes = ruleScopes(name, part);
    return part.map(({ text, place, verb, args }, index): [string, Limit] => {
      const kind = verb === 'limit' && Array.isArray(args.key) ? args.key[0] : null;
      return [scopes[index]!, { listener: name, rule: `${place.file}:${place.line}`, text, kind }];
    });
  });
  return [...rules, [connectionRateScope(name), { listener: name, rule: null, text: 'new connections', kind: 'ip' }]];
}

function shownKey(kind: unknown, key: string): string {
  if (OPEN_KEYS.includes(kind)) return key;
  const isValue = VALUE_KEYS.includes(kind);
  if (isValue && key.startsWith('i')) return key.slice(1);
  const value = isValue ? key.slice(1) : key;
  return value.length <= SHOWN_LENGTH ? value : `${value.slice(0, SHOWN_LENGTH)}…`;
}
