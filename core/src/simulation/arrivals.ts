/**
 * Arrivals: which client asks when. Main thread.
 *
 * Requests of a rate come whatever becomes of those before (a Poisson process); clients in a loop wait for their answers.
 */
import type { ClientsOptions } from './options.ts';
import { SeededRandom } from './seeded-random.ts';
import { drawing } from './times.ts';
import { VirtualClient } from './virtual-client.ts';
import type { VirtualClock } from './virtual-clock.ts';

const DEFAULT_CLIENTS = 1000;

export class Arrivals {
  readonly #clock: VirtualClock;
  readonly #rate: number;
  readonly #ask: (client: VirtualClient) => void;
  readonly #random: SeededRandom;
  readonly #think: () => number;
  /** Clients of the rate. */
  readonly #crowd: VirtualClient[] = [];
  readonly #inLoop = new Set<VirtualClient>();

  constructor(
    options: ClientsOptions,
    seed: number | string,
    port: number,
    clock: VirtualClock,
    ask: (client: VirtualClient) => void,
  ) {
    const { rate = 0, inLoop = 0, count = DEFAULT_CLIENTS, sticky = 1, think = 0 } = options;
    this.#clock = clock;
    this.#rate = rate;
    this.#ask = ask;
    this.#random = new SeededRandom(seed, 'arrivals');
    this.#think = drawing(think, new SeededRandom(seed, 'thinking'));
    const stickiness = new SeededRandom(seed, 'stickiness');
    const crowd = rate > 0 ? count : 0;
    for (let number = 0; number < crowd + inLoop; number++) {
      const client = new VirtualClient(number, stickiness.next() < sticky, port);
      if (number < crowd) this.#crowd.push(client);
      else this.#inLoop.add(client);
    }
  }

  /** start begins: the rate at once, clients in a loop spread over one time to think. */
  start(): void {
    if (this.#rate > 0) this.#next();
    for (const client of this.#inLoop) this.#clock.set(() => this.#ask(client), this.#think() * this.#random.next());
  }

  /** answered hears that a client has its answer. */
  answered(client: VirtualClient): void {
    if (this.#inLoop.has(client)) this.#clock.set(() => this.#ask(client), this.#think());
  }

  #next(): void {
    this.#clock.set(
      () => {
        this.#next();
        this.#ask(this.#crowd[this.#random.below(this.#crowd.length)]!);
      },
      this.#random.exponential(1000 / this.#rate),
    );
  }
}
