/**
 * RuleDifferences: which requests and connections two versions of rules treat in different ways. Main thread. Opens nothing.
 *
 * Every example is run through both versions before it is shown, so none is false.
 */
import { findDifferences } from '@sluice/dsl';
import type { FieldReader } from '@sluice/dsl/match';
import { formatPlace, type Plan, type Rule, type TestRequest } from '@sluice/dsl/plan';
import type { Verdict } from '../explain/explanation.ts';
import type { Explaining } from '../rules/rule-tests.ts';

/** DifferenceSide is what one version does with the example. */
export interface DifferenceSide {
  /** The rule that decides, as it is written. */
  readonly text: string;
  readonly place: string;
  /** `send to app`, `answer 404`. */
  readonly verdict: string;
}

export interface RuleDifference {
  readonly listener: string;
  readonly before: DifferenceSide;
  readonly after: DifferenceSide;
  /** `GET https://www.example.com/ from 198.51.100.7`, or `tcp to :5432 from 198.51.100.7`, as `explain` takes it. */
  readonly request: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export interface RuleDifferences {
  readonly isSame: boolean;
  /** False: the budget was spent before every pair of rules was compared. */
  readonly isComplete: boolean;
  /** Pairs of rules of which it is open whether they overlap. */
  readonly unsettled: number;
  /** Listeners that only one version has. */
  readonly onlyBefore: readonly string[];
  readonly onlyAfter: readonly string[];
  readonly differences: readonly RuleDifference[];
}

/** ComparedRules is one version: its plan, and what can say what would happen to a request. */
export interface ComparedRules {
  readonly plan: Plan;
  readonly explaining: Explaining;
}

/** compareRules runs both versions' rules against each other. `readers` are the fields of both; `budget` is in steps. */
export async function compareRules(
  before: ComparedRules,
  after: ComparedRules,
  readers: ReadonlyMap<string, FieldReader>,
  budget?: number,
): Promise<RuleDifferences> {
  const report = findDifferences(before.plan, after.plan, readers, budget);
  const differences: RuleDifference[] = [];
  let unsettled = 0;
  for (const { listener, before: left, after: right, request } of report.pairs) {
    if (request === null) {
      unsettled++;
      continue;
    }
    const was = await verdictOf(before.explaining, listener, request);
    const is = await verdictOf(after.explaining, listener, request);
    if (was === null || is === null || was === is) continue;
    const line = `${request.line} from ${request.ip}`;
    const { headers } = request;
    differences.push({ listener, before: sideOf(left, was), after: sideOf(right, is), request: line, headers });
  }
  const { onlyBefore, onlyAfter, isComplete } = report;
  const isSame = differences.length === 0 && onlyBefore.length === 0 && onlyAfter.length === 0;
  return { isSame, isComplete, unsettled, onlyBefore, onlyAfter, differences };
}

async function verdictOf(
  explaining: Explaining,
  listener: string,
  { line, ip, headers }: TestRequest,
): Promise<string | null> {
  try {
    return verdictText((await explaining.explain({ request: `${line} from ${ip}`, headers, listener })).verdict);
  } catch {
    return null;
  }
}

function verdictText(verdict: Verdict): string {
  if (verdict.kind === 'send') return `${verdict.isPassthrough === true ? 'pass on' : 'send'} to ${verdict.backend}`;
  if (verdict.kind === 'close') return 'close';
  if (verdict.kind === 'open') return 'open its TLS';
  if (verdict.kind === 'error') return `answer 500: ${verdict.message}`;
  const location = verdict.headers.find(([name]) => name.toLowerCase() === 'location')?.[1];
  return `answer ${verdict.status}${location === undefined ? '' : ` to ${location}`}`;
}

function sideOf({ text, place }: Rule, verdict: string): DifferenceSide {
  return { text, place: formatPlace(place), verdict };
}
