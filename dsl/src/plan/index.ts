export type * from './condition.ts';
export { formatPlace, type Place } from './place.ts';
export * from './plan.ts';
export type * from './rule.ts';
