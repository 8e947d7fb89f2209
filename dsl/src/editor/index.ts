export type { NameRole, NameSpace, Role } from '../check/scope/role.ts';
export { type Completion, completeAt } from './completion.ts';
export { type Hover, hoverAt } from './hover.ts';
export { definitionAt, type FileSpan, RenameError, referencesAt, renameAt, renameableAt } from './navigation.ts';
export { type Fold, foldsOf, type OutlineItem, outlineOf } from './outline.ts';
export type { Proposal, ProposalKind } from './proposal.ts';
export { type QuickFix, quickFixes } from './quick-fix.ts';
export { type NameUse, RuleDocument, RuleProject } from './rule-document.ts';
