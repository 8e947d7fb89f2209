export { type FormatResult, formatText } from './format.ts';
export { LINT_BUDGET, type LintReport, lint, type RuleReport } from './lint.ts';
