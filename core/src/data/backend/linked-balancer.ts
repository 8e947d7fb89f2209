/**
 * LinkedBalancer: a backend's strategy as its data thread runs it: one instance for the servers, one for the backups. Hot path;
 * data plane.
 *
 * It turns places in a tier into places in the plan's list, and lets the heartbeat name the strategy should it never return.
 */
import { type RequestFacts, wrongValue } from '@sluice/dsl/match';
import type { Args } from '@sluice/dsl/plan';
import type { Balancer, BalancerFactory } from '../../plugin/data-entry.ts';
import type { Heartbeats } from '../../shared/tables/heartbeats.ts';
import type { ServerTier } from '../../shared/tables/server-tier.ts';
import { publicFacts } from '../message/public-facts.ts';
import type { LiveServerPool } from './live-server-pool.ts';

export class LinkedBalancer {
  /** Whether the strategy wants to be told of each; asked before the arguments are worked out. */
  readonly hearsEnds: boolean;
  readonly hearsAnswers: boolean;
  readonly #name: string;
  readonly #factory: BalancerFactory;
  readonly #pool: LiveServerPool;
  readonly #primary: Balancer;
  readonly #backup: Balancer | null;
  readonly #heartbeats: Heartbeats;
  readonly #wordId: number;

  constructor(
    name: string,
    options: Args,
    factory: BalancerFactory,
    pool: LiveServerPool,
    heartbeats: Heartbeats,
    wordId: number,
  ) {
    this.#name = name;
    this.#factory = factory;
    this.#pool = pool;
    this.#heartbeats = heartbeats;
    this.#wordId = wordId;
    this.#primary = factory(pool.primary, options);
    this.#backup = pool.backup === null ? null : factory(pool.backup, options);
    this.hearsEnds = this.#primary.ended !== undefined;
    this.hearsAnswers = this.#primary.answered !== undefined;
  }

  /** pick returns a place in the plan's list, or -1. Backups are asked for when no other server takes the request. */
  pick(request: RequestFacts): number {
    const { primary, backup } = this.#pool;
    const picked = this.#ask(this.#primary, primary, request);
    if (picked !== -1 || this.#backup === null) return picked;
    return this.#ask(this.#backup, backup!, request);
  }

  /** ended tells the strategy that a request has left a server. */
  ended(index: number): void {
    const [balancer, tier] = this.#of(index);
    this.#heartbeats.enter(this.#wordId);
    balancer.ended!(this.#pool.placeOf(index), tier);
    this.#heartbeats.leave();
  }

  /** answered tells the strategy of the head of an answer; status 0: there was none. */
  answered(index: number, ms: number, status: number): void {
    const [balancer, tier] = this.#of(index);
    this.#heartbeats.enter(this.#wordId);
    balancer.answered!(this.#pool.placeOf(index), tier, ms, status);
    this.#heartbeats.leave();
  }

  /** inherit takes over the turns of the one that served until now, if its strategy is the same, and the same code. */
  inherit(before: LinkedBalancer): void {
    if (before.#name !== this.#name || before.#factory !== this.#factory) return;
    this.#primary.inherit?.(before.#primary, this.#pool.primary, before.#pool.primary);
    if (this.#backup !== null && before.#backup !== null) {
      this.#backup.inherit?.(before.#backup, this.#pool.backup!, before.#pool.backup!);
    }
  }

  #of(index: number): [Balancer, ServerTier] {
    return this.#pool.isBackup(index) ? [this.#backup!, this.#pool.backup!] : [this.#primary, this.#pool.primary];
  }

  #ask(balancer: Balancer, tier: ServerTier, request: RequestFacts): number {
    this.#heartbeats.enter(this.#wordId);
    const place = balancer.pick(publicFacts(request), tier);
    this.#heartbeats.leave();
    if (place === -1) return -1;
    if (Number.isInteger(place) && place >= 0 && place < tier.size) return this.#pool.indexOf(tier, place);
    throw wrongValue(`the strategy \`${this.#name}\` picked`, place, `an index below ${tier.size} or -1`);
  }
}
