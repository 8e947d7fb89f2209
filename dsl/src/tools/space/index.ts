export { goalOf } from './goal.ts';
export { type Liveness, livenessOf, type World } from './liveness.ts';
export { beforeRule, isPassing, isWhole } from './reach.ts';
export { type Budget, type Question, solve } from './solver.ts';
export { firstMatch, type Readers, requestOf } from './witness.ts';
