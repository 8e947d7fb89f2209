export { type Goal, goalOf } from './goal.ts';
export { type Liveness, livenessOf, takes, type World } from './liveness.ts';
export { beforeRule, isOfConnection, isPassing, isWhole, rulesIn } from './reach.ts';
export { type Budget, type Question, type Space, solve } from './solver.ts';
export { firstMatch, type Readers, requestOf } from './witness.ts';
