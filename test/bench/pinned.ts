/**
 * Pinned programs: which core each part of a benchmark runs on. Benchmark code, main thread.
 *
 * On two cores the proxy has core 0 to itself and the load (wrk and the nginx behind) shares core 1. With wrk and nginx free
 * to use both, the kernel moves them onto the proxy's core.
 */
import { Program, type ProgramOptions } from '../kit/index.ts';

export const PROXY_CORE = 0;
export const LOAD_CORE = 1;

/** pinned starts a program on one core; all its threads and children inherit that. */
export function pinned(core: number, command: string, args: readonly string[], options: ProgramOptions = {}): Program {
  return new Program('taskset', ['-c', String(core), command, ...args], options);
}
