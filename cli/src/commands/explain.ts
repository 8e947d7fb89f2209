/**
 * The command `explain FILE REQUEST`: what the gateway would do with a request or a connection, and why. Main thread. Opens nothing.
 */
import { checkRules } from '../checked-rules.ts';
import { createGateway } from '../create-gateway.ts';
import { EXIT_OK, EXIT_PROBLEM, EXIT_USAGE } from '../exit-codes.ts';
import { readGiven } from '../given-fields.ts';
import { showExplanation } from '../show-explanation.ts';
import { coloursFor, complain, print } from '../terminal.ts';
import { printProblems } from './check.ts';

export interface ExplainOptions {
  readonly header?: readonly string[];
  readonly given?: readonly string[];
  readonly listener?: string;
  readonly json?: boolean;
}

/** explain returns 0 whatever the verdict, 1 for problems of the file, 2 for a header or a given field that is none. */
export async function explain(file: string, request: string, options: ExplainOptions): Promise<number> {
  const headers: (readonly [string, string])[] = [];
  for (const written of options.header ?? []) {
    const colon = written.indexOf(':');
    if (colon <= 0) {
      complain(`'${written}' is not a header: write it as 'Name: value'`);
      return EXIT_USAGE;
    }
    headers.push([written.slice(0, colon).trim(), written.slice(colon + 1).trim()]);
  }
  const given = readGiven(options.given);
  if (given === null) return EXIT_USAGE;
  const checked = await checkRules(file);
  if (checked.plan === null) {
    printProblems(checked, process.stderr);
    return EXIT_PROBLEM;
  }
  const gateway = await createGateway({ rules: { file }, logger: false, areTestsRun: false });
  const { listener } = options;
  const explanation = await gateway.explain({
    request,
    headers,
    given,
    ...(listener === undefined ? {} : { listener }),
  });
  if (options.json === true) print(JSON.stringify(explanation, null, 2));
  else print(showExplanation(explanation, coloursFor(process.stdout)));
  return EXIT_OK;
}
