/**
 * Times: how long things take, drawn from a stream. Main thread.
 */
import { durationMs } from '../control/clock/deadline.ts';
import type { Times } from './options.ts';
import type { SeededRandom } from './seeded-random.ts';

const SIGMA = 0.5;

/** drawing makes a function that draws milliseconds. Throws SG0504 for what is no duration. */
export function drawing(times: Times, random: SeededRandom): () => number {
  if (typeof times === 'function') return () => times(random);
  if (typeof times !== 'object') {
    const ms = durationMs(times);
    return () => ms;
  }
  if ('exponential' in times) {
    const mean = durationMs(times.exponential);
    return () => random.exponential(mean);
  }
  const { sigma = SIGMA } = times;
  const median = durationMs(times.lognormal);
  return () => random.lognormal(median, sigma);
}
