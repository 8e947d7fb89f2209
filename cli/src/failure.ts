/**
 * Failure: how anything that went wrong is told. Main thread. Nobody is ever shown a stack unless they ask for one.
 */
import { GatewayError } from '@sluice/core/loading';
import { EXIT_PROBLEM } from './exit-codes.ts';
import { complain } from './terminal.ts';

/** pluginPlace is where a plugin of a `use` line threw, `file:line:column`; null: it was somebody else. */
export function pluginPlace(thrown: unknown): string | null {
  const stack = thrown instanceof Error ? String(thrown.stack) : '';
  const [, file, position] = /(?:file:\/\/)([^\s()]+)\?sluice=\d+:(\d+:\d+)/.exec(stack) ?? [];
  return file === undefined ? null : `${file}:${position}`;
}

/** tellFailure writes what went wrong to stderr and returns the exit code. */
export function tellFailure(thrown: unknown): number {
  if (thrown instanceof GatewayError) {
    // The report of a rule file begins with its own code and place.
    if (thrown.code === 'SG0201') process.stderr.write(`${thrown.message}\n`);
    else complain(thrown.message);
    return EXIT_PROBLEM;
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const place = pluginPlace(thrown);
  if (place !== null && process.env.SLUICE_DEBUG === undefined) {
    complain(`a plugin has failed at ${place}: ${message} (set SLUICE_DEBUG=1 to see more)`);
  } else if (process.env.SLUICE_DEBUG === undefined) {
    complain(`internal error: ${message} (set SLUICE_DEBUG=1 to see where)`);
  } else {
    complain(`internal error: ${(thrown instanceof Error && thrown.stack) || message}`);
  }
  return EXIT_PROBLEM;
}
