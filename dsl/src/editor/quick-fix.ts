/**
 * QuickFix: a diagnostic's fix as an edit, where the fix is a replacement of what the diagnostic is about. Main thread.
 *
 * Whether the edit really fixes the file is for the caller to try: only a compilation can tell.
 */
import type { Diagnostic } from '../diagnostics/diagnostic.ts';

export interface QuickFix {
  /** What the edit is called: `Write \`deny\``. */
  readonly title: string;
  /** Takes the place of the diagnostic's span. */
  readonly text: string;
}

const REPLACEMENT = /(?:Did you mean|[Ww]rite(?: only the host:| the name in its DNS form:)?) `([^`\n…]+)`/g;

/** quickFixes are the edits that a diagnostic's fix proposes, best first; empty where the fix is none. */
export function quickFixes({ fix }: Diagnostic): readonly QuickFix[] {
  if (fix === null) return [];
  return [...fix.matchAll(REPLACEMENT)].map(([, text]) => ({ title: `Write \`${text}\``, text: text! }));
}
