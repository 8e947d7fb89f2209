/**
 * EventBus: typed events between the parts of the control plane. Main thread.
 *
 * Listeners are the gateway's own code and are called at once, in the order in which they were added; none may throw. Those of embedders come
 * through `EventOutlet`.
 */

type Listener<Event> = (event: Event) => void;

export class EventBus<Events extends object> {
  readonly #listeners = new Map<keyof Events, Listener<never>[]>();

  /** on adds a listener, for as long as there is a bus. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): void {
    const listeners = this.#listeners.get(name);
    if (listeners === undefined) this.#listeners.set(name, [listener]);
    else listeners.push(listener);
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) (listener as Listener<Events[Name]>)(event);
  }
}
