/**
 * ServerEndpoint: one server as one event loop reaches it, with its idle connections. Hot path; data plane.
 *
 * It belongs to a slot and address and lives over generations, so that a reload keeps the pool warm.
 */
import type { Address } from '@sluice/dsl/plan';
import type { Upstream } from './http1/upstream.ts';

/** Most idle connections kept for one server by one event loop; `timeout idle` ends those that were needed only for a peak. */
const MOST_IDLE = 2048;

export class ServerEndpoint {
  readonly slot: number;
  readonly address: Address;
  /** Newest last: the one used last is the least likely to have been closed by the server. */
  readonly #idle: Upstream[] = [];
  #isRetired = false;

  constructor(slot: number, address: Address) {
    this.slot = slot;
    this.address = address;
  }

  /** take returns an idle connection, or undefined. `freshSince`: ticks; one idle for longer is not good enough. */
  take(freshSince: number): Upstream | undefined {
    const last = this.#idle[this.#idle.length - 1];
    if (last === undefined || last.idleSince < freshSince) return undefined;
    this.#idle.pop();
    return last;
  }

  /** keep takes a connection back; false when it should be closed. */
  keep(upstream: Upstream): boolean {
    if (this.#isRetired || this.#idle.length >= MOST_IDLE) return false;
    this.#idle.push(upstream);
    return true;
  }

  /** lose forgets an idle connection that has ended. */
  lose(upstream: Upstream): void {
    const at = this.#idle.lastIndexOf(upstream);
    if (at !== -1) this.#idle.splice(at, 1);
  }

  /** flush closes the idle connections: the server has been found dead, so none of them is worth a try. */
  flush(): void {
    for (const upstream of this.#idle.splice(0)) upstream.discard();
  }

  /** retire closes idle connections now and busy ones after their answer. */
  retire(): void {
    this.#isRetired = true;
    this.flush();
  }

  revive(): void {
    this.#isRetired = false;
  }
}
