export * from './check/index.ts';
export * from './diagnostics/index.ts';
export * from './match/index.ts';
export * from './plan/index.ts';
export * from './tools/index.ts';
export * from './vocabulary/index.ts';
