/**
 * The command `plan FILE`: what a rule file comes down to, as JSON. Main thread.
 */
import { checkRules } from '../checked-rules.ts';
import { EXIT_OK, EXIT_PROBLEM } from '../exit-codes.ts';
import { print } from '../terminal.ts';
import { printProblems } from './check.ts';

/** plan prints the plan on stdout; problems and warnings go to stderr. */
export async function plan(file: string): Promise<number> {
  const result = await checkRules(file);
  printProblems(result, process.stderr);
  if (result.plan === null) return EXIT_PROBLEM;
  print(JSON.stringify(result.plan, null, 2));
  return EXIT_OK;
}
