/**
 * EventOutlet: hands the gateway's events to their listeners, apart from the work that they tell of. Main thread.
 *
 * Listeners are the embedder's code. They are called in a microtask of their own, in the order of the events, so that nothing is
 * half done when they look at the gateway or call it, and so that what they throw reaches nobody but `failed`.
 */
import { isPromise } from '@sluice/dsl/match';

type Listener = (...values: never[]) => unknown;

export interface EventOutletOptions {
  /** The listeners of an event now. */
  listeners(event: string): readonly Listener[];
  /** What a listener threw, or what the promise that it returned was rejected with. */
  failed(event: string, thrown: unknown): void;
}

export class EventOutlet {
  readonly #options: EventOutletOptions;
  #waiting: (() => void)[] = [];

  constructor(options: EventOutletOptions) {
    this.#options = options;
  }

  /** emit has the listeners that there are now called soon. False: there are none. */
  emit(event: string, values: readonly unknown[]): boolean {
    const listeners = this.#options.listeners(event);
    if (listeners.length === 0) return false;
    if (this.#waiting.length === 0) queueMicrotask(() => this.#deliver());
    for (const listener of listeners) this.#waiting.push(() => this.#call(event, listener, values));
    return true;
  }

  #deliver(): void {
    for (let index = 0; index < this.#waiting.length; index++) this.#waiting[index]!();
    this.#waiting = [];
  }

  #call(event: string, listener: Listener, values: readonly unknown[]): void {
    // It may have been taken off meanwhile, by another listener for one.
    if (!this.#options.listeners(event).includes(listener)) return;
    try {
      const returned = (listener as (...all: unknown[]) => unknown)(...values);
      if (isPromise(returned)) returned.then(undefined, (thrown: unknown) => this.#options.failed(event, thrown));
    } catch (thrown) {
      this.#options.failed(event, thrown);
    }
  }
}
