export type * from './plugin/index.ts';
