/**
 * ExplainSticky: where a request's client belongs, whether it would go there, and why not. Main thread.
 *
 * The plugin's own functions are asked, over a table that can only be looked at, so that nothing is changed by asking and
 * nothing but what data threads would find is found.
 */
import type { RequestFacts } from '@sluice/dsl/match';
import { type BackendPlan, withSecrets } from '@sluice/dsl/plan';
import type { DataEntry } from '../../plugin/data-entry.ts';
import type { StickyPool } from '../../plugin/server-pool.ts';
import type { StickEntry } from '../../shared/tables/shared-stick-table.ts';
import { GatewayError } from '../report/errors.ts';
import type { StickTables } from '../slots/stick-tables.ts';
import type { LiveServers, ServerExplanation } from './servers.ts';

/** StickyExplanation says where a client belongs. */
export interface StickyExplanation {
  /** The component, such as `on cookie`. */
  readonly kind: string;
  /** For people: by what the client is known, or why it is not. */
  readonly by: string;
  /** The server that the client belongs to; null: to none. */
  readonly server: string | null;
  /**
   * `stays`: it goes there; `waits`: it goes there as soon as the server, which is full, has room; `moves`: the server cannot
   * take it, and another one, which it then belongs to, is picked; `new`: it belongs to none yet.
   */
  readonly outcome: 'stays' | 'waits' | 'moves' | 'new';
  /** For people: why it stays, waits or moves. */
  readonly why: string;
  /** When the table forgets the client, if it does not come again; null where no table was asked, or it does not know. */
  readonly expiresInMs: number | null;
  /** The id of its entry in the table, for `clear`; null: no table knows it. */
  readonly entry: string | null;
  /** For how long the client has belonged there, to the second; null where no table was asked, or it does not know. */
  readonly sinceMs: number | null;
  /** The cookie that is taken out of the request before a server sees it, or null. */
  readonly ownCookie: string | null;
}

export interface StickyQuestion {
  readonly backend: BackendPlan;
  readonly facts: RequestFacts;
  readonly entries: readonly DataEntry[];
  readonly secrets: Readonly<Record<string, string>>;
  readonly servers: readonly ServerExplanation[];
  /** The slot of each server, by its index. */
  readonly slots: readonly number[];
  /** null: no gateway runs, so no table knows anybody, and no server is full. */
  readonly tables: StickTables | null;
  readonly live: LiveServers | null;
}

/** explainSticky returns null for a backend without stickiness. */
export function explainSticky(question: StickyQuestion): StickyExplanation | null {
  const { backend, facts, servers, slots, tables } = question;
  const { stick } = backend;
  if (stick === null) return null;
  const pool = new ExplainPool(backend.name, servers, slots);
  let entry: StickEntry | null = null;
  let id: string | null = null;
  const table = {
    get: (key: string): number => {
      const memory = tables?.table(backend.name);
      entry = memory?.peek(stick.name, key) ?? null;
      id = entry === null ? null : memory!.idOf(stick.name, key);
      return entry?.slot ?? -1;
    },
    set: (): void => {},
  };
  const stickiness = factoryOf(question, stick.name)(
    withSecrets(stick.options, (name) => question.secrets[name] ?? ''),
    {
      backend: backend.name,
      pool,
      table,
      processSecret: tables?.clock.secret ?? new Uint8Array(32),
      countRefused: () => {},
    },
  );
  const index = stickiness.find(facts, pool);
  const found: StickEntry | null = entry;
  return {
    kind: stick.name,
    by: stickiness.describe?.(facts, pool) ?? (index === -1 ? 'it is not known' : 'it is known'),
    server: servers[index]?.name ?? null,
    ...outcomeOf(servers[index], slots[index] ?? -1, question),
    entry: id,
    expiresInMs: found === null ? null : 1000 * (found as StickEntry).expiresInS,
    sinceMs: found === null ? null : 1000 * (found as StickEntry).sinceS,
    ownCookie: stickiness.ownCookie ?? null,
  };
}

function factoryOf({ entries }: StickyQuestion, name: string): NonNullable<DataEntry['stickiness']>[string] {
  for (const { stickiness } of entries) {
    if (stickiness !== undefined && Object.hasOwn(stickiness, name)) return stickiness[name]!;
  }
  throw new GatewayError('SG0505', { request: `stick ${name}`, message: 'no plugin implements it' });
}

function outcomeOf(
  server: ServerExplanation | undefined,
  slot: number,
  { live, backend: { name: backend, balance, timeouts } }: StickyQuestion,
): Pick<StickyExplanation, 'outcome' | 'why'> {
  const picks = `\`balance ${balance.name}\` picks a server`;
  if (server === undefined) return { outcome: 'new', why: picks };
  const { name, state, admin, weight } = server;
  if (admin === 'maint') return { outcome: 'moves', why: `${name} is in maintenance; ${picks}` };
  if (state === 'stopped') {
    const cause = live?.held(`${backend}/${name}`) ?? 'stopped by its health check';
    return { outcome: 'moves', why: `${name} was ${cause}; ${picks}` };
  }
  const table = live?.servers ?? null;
  const [open, max] = table === null ? [0, 0] : [table.open(slot), table.limit(slot)];
  if (max > 0 && open >= max) {
    const [waiting, most] = [table!.waiting(slot), table!.mostWaiting(slot)];
    if (most > 0 && waiting >= most) {
      return { outcome: 'moves', why: `${name} is full, and so is its line, ${waiting} of ${most}; ${picks}` };
    }
    const wait = `waits for up to ${timeouts.queueMs} ms`;
    return { outcome: 'waits', why: `${name} is full, ${open} of ${max} requests: it ${wait}` };
  }
  const condition =
    admin === 'drain'
      ? 'drains, and its clients stay'
      : state === 'stopping'
        ? 'wants no new clients, and its own stay'
        : weight === 0
          ? 'has weight 0, and its clients stay'
          : `is ${state}`;
  return { outcome: 'stays', why: `${name} ${condition}` };
}

class ExplainPool implements StickyPool {
  readonly backend: string;
  readonly size: number;
  readonly #servers: readonly ServerExplanation[];
  readonly #slots: readonly number[];

  constructor(backend: string, servers: readonly ServerExplanation[], slots: readonly number[]) {
    this.backend = backend;
    this.size = servers.length;
    this.#servers = servers;
    this.#slots = slots;
  }

  isUsable(index: number): boolean {
    return this.#servers[index]?.isUsable ?? false;
  }

  weight(index: number): number {
    return this.#servers[index]!.weight;
  }

  open(index: number): number {
    return this.#servers[index]!.open;
  }

  name(index: number): string {
    return this.#servers[index]!.name;
  }

  slot(index: number): number {
    return this.#slots[index]!;
  }

  indexOfSlot(slot: number): number {
    return this.#slots.indexOf(slot);
  }

  random(): number {
    return 0;
  }
}
