/**
 * LinkedBalancer: a backend's strategy as its data thread runs it: one instance for the servers, one for the backups. Hot path;
 * data plane.
 *
 * It turns places in a tier into places in the plan's list, and lets the heartbeat name the strategy should it never return.
 */
import { type RequestFacts, wrongValue } from '@sluice/dsl/match';
import type { Args } from '@sluice/dsl/plan';
import type { Balancer, BalancerFactory } from '../../plugin/data-entry.ts';
import type { Watch } from '../../shared/plugins/watched.ts';
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
  readonly #pick: (balancer: Balancer, request: RequestFacts, tier: ServerTier) => number;
  readonly #ended: (index: number) => void;
  readonly #answered: (index: number, ms: number, status: number) => void;

  constructor(name: string, options: Args, factory: BalancerFactory, pool: LiveServerPool, watch: Watch) {
    this.#name = name;
    this.#factory = factory;
    this.#pool = pool;
    this.#primary = factory(pool.primary, options);
    this.#backup = pool.backup === null ? null : factory(pool.backup, options);
    this.hearsEnds = this.#primary.ended !== undefined;
    this.hearsAnswers = this.#primary.answered !== undefined;
    this.#pick = watch((balancer, request, tier) => balancer.pick(publicFacts(request), tier));
    this.#ended = watch((index) => this.#strategyOf(index).ended!(pool.placeOf(index), this.#tierOf(index)));
    this.#answered = watch((index, ms, status) =>
      this.#strategyOf(index).answered!(pool.placeOf(index), this.#tierOf(index), ms, status),
    );
  }

  /** pick returns a place in the plan's list, or -1. Backups are asked for when no other server takes the request. */
  pick(request: RequestFacts): number {
    const { primary, backup } = this.#pool;
    const picked = this.#ask(this.#primary, primary, request);
    if (picked !== -1 || this.#backup === null) return picked;
    return this.#ask(this.#backup, backup!, request);
  }

  /** onRequestEnd tells the strategy that a request has left a server. */
  onRequestEnd(index: number): void {
    this.#ended(index);
  }

  /** answered tells the strategy of the head of an answer; status 0: there was none. */
  answered(index: number, ms: number, status: number): void {
    this.#answered(index, ms, status);
  }

  /** inherit takes over the turns of the one that served until now, if its strategy is the same, and the same code. */
  inherit(before: LinkedBalancer): void {
    if (before.#name !== this.#name || before.#factory !== this.#factory) return;
    this.#primary.inherit?.(before.#primary, this.#pool.primary, before.#pool.primary);
    if (this.#backup !== null && before.#backup !== null) {
      this.#backup.inherit?.(before.#backup, this.#pool.backup!, before.#pool.backup!);
    }
  }

  #strategyOf(index: number): Balancer {
    return this.#pool.isBackup(index) ? this.#backup! : this.#primary;
  }

  #tierOf(index: number): ServerTier {
    return this.#pool.isBackup(index) ? this.#pool.backup! : this.#pool.primary;
  }

  #ask(balancer: Balancer, tier: ServerTier, request: RequestFacts): number {
    const place = this.#pick(balancer, request, tier);
    if (place === -1) return -1;
    if (Number.isInteger(place) && place >= 0 && place < tier.size) return this.#pool.indexOf(tier, place);
    throw wrongValue(`the strategy \`${this.#name}\` picked`, place, `an index below ${tier.size} or -1`);
  }
}
