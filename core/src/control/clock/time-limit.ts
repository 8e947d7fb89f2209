/**
 * TimeLimit: how long the gateway waits for what a plugin has promised. Main thread.
 */

/** Limits of a plugin's work on the main thread, in milliseconds. */
export interface PluginLimits {
  /** For its module to load, data entries included. */
  readonly loadMs: number;
  /** For `start`, and for a component to validate its options. */
  readonly startMs: number;
  /** For `stop`. */
  readonly stopMs: number;
}

export const PLUGIN_LIMITS: PluginLimits = { loadMs: 10_000, startMs: 30_000, stopMs: 10_000 };

/** withinLimit settles as the promise does, or rejects with what `late` makes once the time is over. Keeps the process alive until then. */
export async function withinLimit<Value>(
  promised: Value | Promise<Value>,
  limitMs: number,
  late: () => Error,
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), limitMs);
  });
  try {
    return await Promise.race([promised, limit]);
  } finally {
    clearTimeout(timer);
  }
}
