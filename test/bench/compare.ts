/**
 * Compare measures the working tree against another commit of the repository, in turn, on the same machine. Benchmark code.
 *
 *     npm run bench -- --compare REV [CASE]… [--rounds N] [--seconds S] [--at-least 0.98]
 */
import { LOAD_CASES } from './cases.ts';
import { startOrigin } from './origin.ts';
import { sluiceIn } from './peers/sluice.ts';
import { type Comparison, comparison, comparisonTable, machine, QUIET_SHARE } from './report.ts';
import { buildRevision } from './revision.ts';
import { type RunOptions, runCase } from './run.ts';

const WORKING_TREE = 'working tree';
/** The cases in which the work for each request shows most. */
const USUAL = ['small', 'h2c', 'tls'];

export interface CompareOptions extends RunOptions {
  /** Names of cases; empty: small, h2c and tls. */
  readonly cases: readonly string[];
  /** The least ratio that is right; null: any. */
  readonly atLeast: number | null;
}

/** compare prints a line for each case, and returns whether all are at least as fast as asked for. */
export async function compare(revision: string, options: CompareOptions): Promise<boolean> {
  const { cases, atLeast } = options;
  const before = buildRevision(revision);
  const peers = [sluiceIn(before.folder, before.name), sluiceIn(null, WORKING_TREE)];
  for (const { name, isPresent } of peers) if (!isPresent()) throw new Error(`${name} is not built: npm run build`);
  const wanted = cases.length === 0 ? USUAL : cases;
  const compared: Comparison[] = [];
  const origin = await startOrigin();
  try {
    for (const load of LOAD_CASES.filter(({ name }) => wanted.includes(name))) {
      compared.push(comparison(await runCase(load, peers, origin, options), WORKING_TREE, before.name));
    }
  } finally {
    await origin.program.stop();
  }
  const { rounds, seconds } = options;
  console.log(
    `\nThe working tree against ${before.name}: ${rounds} rounds of ${seconds} s each, in turn; ${machine()}.`,
  );
  console.log(`Above 1, the working tree is better.\n\n${comparisonTable(compared)}`);
  const slow = atLeast === null ? [] : compared.filter((one) => judged(one) < atLeast);
  for (const one of slow) console.log(`\n${one.name} is slower than ${atLeast}: ${judged(one).toFixed(3)}`);
  return slow.length === 0;
}

/** judged is the ratio that counts: on a machine that others use too, requests per second say more about them. */
function judged({ rateRatio, cpuRatio, foreignShare }: Comparison): number {
  return foreignShare > QUIET_SHARE ? cpuRatio : rateRatio;
}
