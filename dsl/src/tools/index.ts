export { type DifferenceReport, findDifferences, type RulePair } from './difference.ts';
export { type FormatResult, formatText } from './format.ts';
export { findShadowed, type LintReport, lint, type RuleReport } from './lint.ts';
