/**
 * Watched: a plugin's function in a form in which the heartbeat names its word while it runs. Hot path; data plane.
 *
 * Only here is a word entered or left, so that however a function ends, the heartbeat knows that the gateway's own code runs again. A word within a
 * word (a strategy that asks the pool, which asks nobody) does not exist: plugins are called by the gateway alone.
 */
import type { Heartbeats } from '../tables/heartbeats.ts';

/** Watch makes watched functions of one word. */
export type Watch = <Call extends (...given: never[]) => unknown>(call: Call) => Call;

type Any = (first?: unknown, second?: unknown, third?: unknown, fourth?: unknown) => unknown;

/** watchOf watches the functions of a word, by its id in the heartbeats. They take up to four arguments. */
export function watchOf(heartbeats: Heartbeats, id: number): Watch {
  return <Call extends (...given: never[]) => unknown>(call: Call) => {
    const any = call as unknown as Any;
    const watched: Any = (first, second, third, fourth) => {
      heartbeats.enter(id);
      try {
        return any(first, second, third, fourth);
      } finally {
        heartbeats.leave();
      }
    };
    return watched as unknown as Call;
  };
}
