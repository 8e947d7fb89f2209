export { type DifferenceReport, findDifferences, type RulePair } from './difference.ts';
export { type FormatResult, formatText } from './format.ts';
export { findShadowed, type LintReport, lint, type RuleReport } from './lint.ts';
export { type PassedBy, passedBy } from './paths/passed-by.ts';
export { READERS, type Reader } from './paths/readers.ts';
export { variantsOf } from './paths/variants.ts';
