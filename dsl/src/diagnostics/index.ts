export { CODES, type CodeEntry, FAMILIES } from './codes.ts';
export type { Diagnostic, Severity } from './diagnostic.ts';
export { type FrameOptions, formatDiagnostic } from './frame.ts';
export { closest } from './suggestion.ts';
