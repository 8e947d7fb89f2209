/**
 * Generate: `test` blocks for the rules that no test has seen match, one request or connection each. Main thread. Opens nothing.
 *
 * What is expected is what the rules do today: the blocks hold them to it.
 */
import type { Explanation, Gateway } from '@sluice/core';
import { expectationText } from '@sluice/core';
import { lint, type RuleReport } from '@sluice/dsl';
import type { FieldReader } from '@sluice/dsl/match';
import { type Expectation, formatPlace, type Plan, type TestRequest } from '@sluice/dsl/plan';
import type { Coverage } from './coverage.ts';

/** generateTests returns the blocks as text, with a comment for each rule that there is none for. */
export async function generateTests(
  gateway: Gateway,
  plan: Plan,
  readers: ReadonlyMap<string, FieldReader>,
  coverage: Coverage,
): Promise<string> {
  const isAlone = plan.listeners.length === 1;
  const pieces: string[] = [];
  for (const report of lint(plan, readers).rules) {
    if (coverage.hasMatched(formatPlace(report.rule.place))) continue;
    pieces.push(await testOf(gateway, report, isAlone));
  }
  return pieces.join('\n');
}

async function testOf(gateway: Gateway, report: RuleReport, isAlone: boolean): Promise<string> {
  const { rule, listener, outcome, witness } = report;
  const { line } = rule.place;
  if (outcome === 'shadowed' || outcome === 'contradiction') return `# line ${line} can never run: ${rule.text}\n`;
  const without = `# no request was found for line ${line}: ${rule.text}\n`;
  if (witness === null) return without;
  try {
    const request = `${witness.line} from ${witness.ip}`;
    const explanation = await gateway.explain({ request, headers: witness.headers, listener });
    const expected = expectedOf(explanation, report);
    if (expected === null) return without;
    const name = quoted(`line ${line}: ${rule.text}`);
    const given = givenOf(witness, isAlone ? null : listener);
    return `test ${name} {\n  given ${given}\n  expect ${expected.map(expectationText).join(', ')}\n}\n`;
  } catch {
    return without;
  }
}

function expectedOf({ verdict, edits }: Explanation, { rule }: RuleReport): readonly Expectation[] | null {
  const { place } = rule;
  if (verdict.kind === 'error' || verdict.kind === 'open') return null;
  if (verdict.kind === 'close') return [{ kind: 'deny', status: null, by: null, place }];
  if (verdict.kind === 'answer') {
    const { status, headers } = verdict;
    const location = headers.find(([name]) => name.toLowerCase() === 'location')?.[1];
    if (status >= 400) return [{ kind: 'deny', status, by: null, place }];
    return location === undefined ? null : [{ kind: 'redirect', status, location, place }];
  }
  const sent: Expectation = { kind: 'send', backend: verdict.backend, place };
  if (rule.verb !== 'set header') return [sent];
  const name = String(rule.args.header);
  const edit = edits.findLast((one) => one.name.toLowerCase() === name.toLowerCase());
  if (edit?.edit !== 'set' || edit.value === null || /[^\x20-\x7e]/.test(edit.value)) return [sent];
  return [sent, { kind: 'header', name, value: edit.value, place }];
}

function givenOf({ line, ip, headers }: TestRequest, listener: string | null): string {
  const given = [`ip ${ip}`];
  // `METHOD URL` or `tcp to :PORT`, then `sni NAME` and `alpn PROTOCOL …`.
  const [first, more = ''] = line.split(/ (?=(?:sni|alpn) )(.*)/, 2) as [string, string?];
  const [method, ...target] = first.split(' ');
  given.push(method === 'tcp' ? first : `${method} ${bare(target.join(' '))}`);
  const [, name, protocols] = /^(?:sni (\S+))? ?(?:alpn (.*))?$/.exec(more) ?? [];
  if (name !== undefined) given.push(`sni ${bare(name)}`);
  if (protocols !== undefined) given.push(`alpn ${protocols.split(' ').map(bare).join(' ')}`);
  if (listener !== null) given.push(`listener ${listener}`);
  for (const [name, value] of headers) given.push(`header ${name} is ${quoted(value)}`);
  return given.join(', ');
}

function bare(word: string): string {
  return /[,;"#(){}]/.test(word) ? quoted(word) : word;
}

/** quoted writes a string of the rule language. */
function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replaceAll('\t', '\\t')}"`;
}
