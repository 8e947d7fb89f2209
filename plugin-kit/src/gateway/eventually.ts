/**
 * Eventually: waits for what has no event of its own, such as a counter or the state of another process.
 */

/**
 * eventually looks again and again, every 10 ms, until `look` returns something other than null, undefined or false, and resolves to
 * that. Rejects after `patienceMs` (default 20 s), saying what it waited for.
 */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  patienceMs = 20_000,
): Promise<NonNullable<T>> {
  const endMs = performance.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found as NonNullable<T>;
    if (performance.now() > endMs) throw new Error(`waited ${patienceMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
