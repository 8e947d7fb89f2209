export type * from './word.ts';
