/**
 * RuleTests: the `test` blocks of rules, each held against what a gateway would do with its request or connection. Main thread. Opens
 * nothing.
 */
import type { Diagnostic } from '@sluice/dsl';
import { type Condition, type Expectation, formatPlace, type Plan, type Rule, type TestPlan } from '@sluice/dsl/plan';
import { explain } from '../explain/explain.ts';
import type { Explanation } from '../explain/explanation.ts';
import type { ExplainRequest } from '../explain/request.ts';
import type { PluginSet } from '../plugins/plugin-host.ts';
import { GatewayError } from '../report/errors.ts';

/** Failure is an expectation that was not met. */
export interface Failure {
  /** As it would be written: `deny 404 by admin`. */
  readonly expected: string;
  /** What happens instead: `backend app`. */
  readonly got: string;
}

export interface TestResult {
  readonly name: string;
  /** `file:line:column`. */
  readonly place: string;
  readonly isOk: boolean;
  readonly failures: readonly Failure[];
  /** Why the request cannot be judged at all, such as a port that no listener has; else null. */
  readonly error: string | null;
  /** null when there is an error. */
  readonly explanation: Explanation | null;
}

/** Explaining is whatever can say what would happen to a request: a gateway, or rules that none runs yet. */
export interface Explaining {
  explain(request: ExplainRequest): Promise<Explanation>;
}

/** testRules rejects with SG0204 when a test of the rules fails, if their settings say `test before reload`, or `isAlways`. */
export async function testRules(set: PluginSet, isAlways = false): Promise<void> {
  const { plan } = set;
  if (!isAlways && plan.settings.testsBeforeReload !== true) return;
  const candidate: Explaining = { explain: (request) => explain(request, set, null) };
  const diagnostics: Diagnostic[] = [];
  for (const test of plan.tests) {
    const { failures, error } = await judge(candidate, plan, test);
    const problems = [...failures.map(({ expected, got }) => `expected \`${expected}\`, got \`${got}\``)];
    if (error !== null) problems.push(error);
    for (const problem of problems) {
      const message = `test "${test.name}" fails: ${problem}`;
      const fix = 'Run `sluice test` on the file to see why';
      diagnostics.push({ code: FAILED, severity: 'error', message, fix, place: test.place });
    }
  }
  if (diagnostics.length === 0) return;
  const report = diagnostics.map(({ place, message }) => `${formatPlace(place)}: ${message}`).join('\n');
  throw new GatewayError(FAILED, { report }, { diagnostics });
}

const FAILED = 'SG0204';

/** judge runs a test's request through the rules, as `explain` does. */
export async function judge(gateway: Explaining, plan: Plan, test: TestPlan): Promise<TestResult> {
  const { name, request, listener } = test;
  const place = formatPlace(test.place);
  try {
    const explanation = await gateway.explain({
      request: `${request.line} from ${request.ip}`,
      headers: request.headers,
      ...(request.given === undefined ? {} : { given: request.given }),
      ...(listener === null ? {} : { listener }),
    });
    const failures = test.expect.flatMap((expected) => failureOf(expected, explanation, plan, test) ?? []);
    return { name, place, isOk: failures.length === 0, failures, error: null, explanation };
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown.message : String(thrown);
    return { name, place, isOk: false, failures: [], error, explanation: null };
  }
}

function failureOf(expected: Expectation, explanation: Explanation, plan: Plan, test: TestPlan): Failure | null {
  const { verdict } = explanation;
  const failed = (got = gotOf(explanation)): Failure => ({ expected: expectationText(expected), got });
  switch (expected.kind) {
    case 'allow':
      return verdict.kind === 'send' ? null : failed();
    case 'send':
      return verdict.kind === 'send' && verdict.backend === expected.backend ? null : failed();
    case 'deny': {
      const status = statusOf(explanation);
      const isDenied = verdict.kind === 'close' || (verdict.kind === 'answer' && verdict.status >= 400);
      if (!isDenied || (expected.status !== null && status !== expected.status)) return failed();
      return expected.by === null || isBy(expected.by, explanation, plan)
        ? null
        : failed(`${gotOf(explanation)}, by another rule: ${explanation.by?.text ?? 'none'}`);
    }
    case 'redirect': {
      const isRedirect = verdict.kind === 'answer' && verdict.status >= 300 && verdict.status < 400;
      if (!isRedirect || (expected.status !== null && verdict.status !== expected.status)) return failed();
      return locationOf(explanation) === expected.location ? null : failed();
    }
    case 'header': {
      if (verdict.kind !== 'send') return failed();
      const values = headerValues(expected.name, explanation, test);
      const isMet = expected.value === null ? values.length === 0 : values.includes(expected.value);
      if (isMet) return null;
      return failed(
        values.length === 0 ? `no header ${expected.name}` : `header ${expected.name} is ${values.join(', ')}`,
      );
    }
  }
}

/** expectationText writes an expectation as a rule file would. */
export function expectationText(expected: Expectation): string {
  switch (expected.kind) {
    case 'allow':
      return 'allow';
    case 'send':
      return `send to ${expected.backend}`;
    case 'deny': {
      const status = expected.status === null ? '' : ` ${expected.status}`;
      return `deny${status}${expected.by === null ? '' : ` by ${expected.by}`}`;
    }
    case 'redirect':
      return `redirect${expected.status === null ? '' : ` ${expected.status}`} to ${JSON.stringify(expected.location)}`;
    case 'header':
      return `header ${expected.name} ${expected.value === null ? 'absent' : `is ${JSON.stringify(expected.value)}`}`;
  }
}

function statusOf({ verdict }: Explanation): number | null {
  return verdict.kind === 'answer' ? verdict.status : null;
}

function gotOf(explanation: Explanation): string {
  const { verdict } = explanation;
  if (verdict.kind === 'send') return `send to ${verdict.backend}`;
  if (verdict.kind === 'close') return verdict.reason === undefined ? 'closed' : `closed: ${verdict.reason}`;
  if (verdict.kind === 'open') return 'its TLS is terminated, and its requests are evaluated';
  if (verdict.kind === 'error') return `answer 500: ${verdict.message}`;
  if (verdict.reason !== undefined) return `answer ${verdict.status}: ${verdict.reason}`;
  const location = locationOf(explanation);
  return `answer ${verdict.status}${location === null ? '' : ` to ${JSON.stringify(location)}`}`;
}

function locationOf({ verdict }: Explanation): string | null {
  if (verdict.kind !== 'answer') return null;
  return verdict.headers.find(([name]) => name.toLowerCase() === 'location')?.[1] ?? null;
}

/** headerValues are a header's values as the server gets them, but for those that the gateway itself adds. */
function headerValues(name: string, { edits, request }: Explanation, test: TestPlan): readonly string[] {
  const lower = name.toLowerCase();
  let values = test.request.headers.filter(([each]) => each.toLowerCase() === lower).map(([, value]) => value);
  if (lower === 'host' && values.length === 0) values = [request.host];
  for (const { edit, name: edited, value } of edits) {
    if (edited.toLowerCase() !== lower) continue;
    if (edit === 'set') values = [value!];
    else if (edit === 'add') values = [...values, value!];
    else if (edit === 'remove') values = [];
  }
  return values;
}

/** isBy: the rule that decided uses the definition or list. */
function isBy(name: string, { by }: Explanation, plan: Plan): boolean {
  if (by === null) return false;
  const rule = rulesOf(plan).find(({ place }) => formatPlace(place) === by.place);
  return rule !== undefined && rule.when !== null && uses(rule.when, name);
}

function uses(condition: Condition, name: string): boolean {
  switch (condition.kind) {
    case 'all':
      return false;
    case 'test':
      return condition.list === name;
    case 'named':
      return condition.name === name || uses(condition.of, name);
    case 'not':
      return uses(condition.of, name);
    default:
      return condition.of.some((inner) => uses(inner, name));
  }
}

/** rulesOf are all rules that a request or a connection meets, in order. */
export function rulesOf({ listeners }: Plan): readonly Rule[] {
  return listeners.flatMap(({ passthroughs = [], guards, changes, routes }) => [
    ...passthroughs,
    ...guards,
    ...changes,
    ...routes,
  ]);
}
