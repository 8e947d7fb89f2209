export type * from './condition.ts';
export type * from './list.ts';
export { formatPlace, type Place } from './place.ts';
export * from './plan.ts';
export { type NewEntries, replaceEntries } from './replace-entries.ts';
export type * from './rule.ts';
export { secretsOf, secretVariable, withSecrets } from './secret.ts';
export type * from './test.ts';
export type * from './value-table.ts';
