/**
 * Main: the command `sluice`, from its arguments to its exit code. Main thread. The only place that ends the process.
 */
import { CommanderError } from 'commander';
import { failWhenDrained, workIsDone } from './drained-loop.ts';
import { EXIT_OK, EXIT_USAGE } from './exit-codes.ts';
import { tellFailure } from './failure.ts';
import { createProgram } from './program.ts';
import { endQuietlyOnClosedPipe } from './terminal.ts';
import { endOnUncaught } from './uncaught.ts';

/** main runs the command with `process.argv` and ends the process when it is over. */
export async function main(argv: readonly string[]): Promise<void> {
  endQuietlyOnClosedPipe();
  failWhenDrained();
  endOnUncaught();
  let code = EXIT_OK;
  const program = createProgram((ended) => {
    code = ended;
  });
  try {
    if (argv.length <= 2) program.help({ error: true });
    await program.parseAsync(argv);
  } catch (thrown) {
    code = thrown instanceof CommanderError ? usageCode(thrown) : tellFailure(thrown);
  }
  workIsDone();
  end(code);
}

/** Asking for help or the version is no mistake; everything else that the parser ends with is. */
function usageCode({ exitCode }: CommanderError): number {
  return exitCode === 0 ? EXIT_OK : EXIT_USAGE;
}

/** end lets stdout be read to its end, then leaves, whatever a plugin may have left open. */
function end(code: number): void {
  process.exitCode = code;
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
}
