export { type Liveness, livenessOf } from './liveness.ts';
export type { Budget } from './solver.ts';
export type { Readers } from './witness.ts';
