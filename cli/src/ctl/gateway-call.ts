/**
 * GatewayCall: what all commands of `ctl` have in common: a caller, exit codes, and how an answer is printed. Main thread.
 */
import type { ParamsOf } from '@sluice/core/admin';
import { EXIT_OK, EXIT_PROBLEM, EXIT_UNREACHABLE, EXIT_USAGE } from '../exit-codes.ts';
import { complain, print } from '../terminal.ts';
import { AdminCaller, type CallerOptions, NotAnAddress, Refused, Unreachable } from './admin-caller.ts';
import { plain } from './table.ts';

/** CtlOptions are those of every `ctl` command. */
export interface CtlOptions extends CallerOptions {
  readonly json?: boolean;
}

/** callGateway makes a caller, runs a step with it, and turns what goes wrong into an exit code. */
export async function callGateway(
  options: CtlOptions,
  step: (caller: AdminCaller) => Promise<number>,
): Promise<number> {
  try {
    return await step(new AdminCaller(options));
  } catch (thrown) {
    if (thrown instanceof Refused) {
      if (options.json === true) print(JSON.stringify(thrown.body, null, 2));
      complain(plainLines(thrown.message));
      return EXIT_PROBLEM;
    }
    if (thrown instanceof Unreachable) {
      complain(plainLines(thrown.message));
      return EXIT_UNREACHABLE;
    }
    const isUsage = thrown instanceof NotAnAddress || (thrown as NodeJS.ErrnoException).syscall === 'open';
    if (!isUsage) throw thrown;
    complain((thrown as Error).message);
    return EXIT_USAGE;
  }
}

/** show prints an answer as JSON, or as people want it. */
export function show(options: CtlOptions, answer: unknown, text: () => string): number {
  print(options.json === true ? JSON.stringify(answer, null, 2) : text());
  return EXIT_OK;
}

/** paramsOf takes `backend/server` apart. */
export function paramsOf(server: string): ParamsOf<'getServer'> {
  const slash = server.indexOf('/');
  return { backend: server.slice(0, slash), server: server.slice(slash + 1) };
}

/** plainLines keeps the lines of a rule file's report. */
function plainLines(text: string): string {
  return text.split('\n').map(plain).join('\n');
}
